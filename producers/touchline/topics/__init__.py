"""Topics in: reads an existing Kafka topic, and puts its records as events into the log.

| Where | What |
|---|---|
| `address` | the URL of a topic, and how its servers are reached |
| `record` | a record of any topic, and where it is |
| `values/` | what a record holds, as a row of plain values: JSON, Avro, Debezium's changes of tables |
| `registry` | schemas of Avro, from a schema registry |
| `translation` | rows to events by a mapping, through the acceptance that every event passes |
| `reader` | the consumer: records become durable in the log first, their offsets are committed second |
| `positions` | how far the partitions are durable, and what is left |
| `metrics` | records by result, and lag, for Prometheus |
"""
