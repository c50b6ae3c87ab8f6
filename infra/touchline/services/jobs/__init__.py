"""Jobs: computations over the store that are repeated, whose results are tables of the store.

| Module | What |
|---|---|
| `job` | what a job is |
| `runner` | the thread that runs the jobs that are due |
| `metrics` | how often each ran and failed, and how long it took |
| `table` | the jobs of a process: to add one, add a line |
| `impact` | the job that estimates what each rule's frictions cost |
| `fixes` | the job that compares the time before and after each deployed change |
| `voice` | the job that finds topics and words in customers' texts |
| `reports` | the jobs that make the audit and the weekly digest |
"""
