"""Errors that Touchline raises on purpose. Each message says what is wrong and what to do.

TouchlineError
├── ConfigurationError       a setting or a file of settings cannot be used
│   ├── SettingsError        touchline.toml, an environment variable or a flag     config.settings
│   ├── RulesError           a rules file                                          rules.rules_file
│   ├── AlertsError          an alerts file                                        alerts.file
│   ├── PlanError            a tracking plan                                       tracking.plan_file
│   ├── WalksError           a file of walks                                       walks.walks_file
│   ├── ValueMissing         the value of a form's field in a walk                  config.walks_files
│   ├── PrivacyError        a file of privacy rules                             privacy.privacy_file
│   ├── GoalsError           the goals of measures                                 measures.goals
│   ├── MappingError         the mapping of an import                              imports.errors
│   ├── WrongAddress         the URL of a topic or of a schema registry               topics.errors
│   ├── MostlyRefused        the mapping or the format is wrong for a topic        topics.errors
│   ├── SourcesError         a file of webhook sources                             webhooks.sources_file
│   ├── KeysUnreadable       the file of producers' keys                           collector.keys
│   ├── DefinitionError      a segment or a funnel                                 segments.definition
│   ├── MacroError           a macro in a panel's SQL                              panels.macros
│   └── ConnectionRefused    a store's address that Grafana cannot use             grafana.provisioning
├── LogError                 the log cannot be written or read
│   ├── LogFull              no room; nothing was kept                             log.contract
│   ├── LogUnavailable       retry later                                           log.contract
│   │   └── LogDamaged       the file is damaged or gone; a person must act        log.contract
│   ├── KafkaUnavailable     Kafka cannot be reached, or refuses                   log.kafka.brokers
│   ├── TopicUnavailable     a topic of others is missing, or cannot be read       topics.errors
│   └── UnknownRecord        a record that another program or version wrote        log.kafka.records
├── StoreError               its tree is at the head of its file                   store.errors
├── Problem                  an HTTP request is answered with an error             collector.ingress.problem
│   └── WrongMethod          the path does not take its method                   collector.ingress.answers
├── CannotExplain            an explanation has nothing to compare                 services.explaining
├── Refused                  a dialect refuses a request                           collector.dialects.dialect
├── WrongSignature           a webhook is not genuine                              webhooks.signatures
├── Unsplittable             a request's body cannot be split into events          collector.dialects.native
├── TooManyEvents            a request holds too many events                       collector.acceptance
├── InvalidIdentifier        a value cannot be an identifier                       vocabulary.identifiers
├── InvalidEvent             an event cannot be used                               vocabulary.validation
├── Suppressed               the customer refused an event's purpose             vocabulary.validation
├── FileError                a file to import cannot be read                       imports.errors
│   ├── TooManyRefused       too many of its rows are refused                      imports.refusals
│   └── NoRows               it has no rows, and must have some                    imports.refusals
├── Unmapped                 a mapping fails at a row                              imports.errors
├── UnreadableRecord         a record of a topic is not what its format says       topics.errors
├── RegistryUnavailable      a schema registry does not answer, or refuses         topics.errors
├── FolderError              a data folder cannot be used                          config.folders
│   └── Locked               another process works in it                           config.folders
├── TooMuchPoison            too much of the log is unreadable                     engine.plan
├── Superseded               another worker owns the partition                     runtime.fence
├── CannotCompare            two periods cannot be compared                        analysis.periods
├── TooManyRows              a panel has too many rows for a file                  live.boards.csv_text
├── TrialFailed              a rule cannot be tried with other numbers             live.rules.workshop
├── NotWritten               a document of the live page cannot be written         live.desk.documents
├── TooManyLinks             a customer is too large to be shown                   analysis.reading
├── Undelivered              a channel did not take a message                      alerts.channels.delivery
├── GrafanaError             Grafana cannot be reached, or refuses                 grafana.client
├── WrongSource              Grafana has another data source of our name           grafana.publishing
├── ProvisionedFromFiles     Grafana has our dashboards from files                  grafana.publishing
├── CannotServe              a process cannot start or go on                       services.serving
├── NotAnAct                 what somebody wants to do about an incident is senseless alerts.life.acts
├── NotAccepted              what staff said of a friction is no valid event       services.cases
├── NotReported              an event of a walk is not valid                       services.walking
├── PageFailed               a page does not do what a walk expects                walks.browser
├── BrowserFailed            the browser of a walk is missing, or ended            services.walking
├── MailFailed               a mail server of a walk refuses, or does not answer    services.walking
├── NotApplied               a command's submission was not processed in time     services.submitting
└── BrokerError              the development broker cannot run                     devbroker.broker
    └── ToolMissing          Java or Maven is not installed                        devbroker.broker

`touchline.cli.errors` maps them to exit codes, `touchline.collector.ingress.answers` to HTTP answers.
The SDK imports nothing of the server and has its own.
"""


class TouchlineError(Exception):
    """The root of all errors that Touchline raises on purpose."""


class ConfigurationError(TouchlineError, ValueError):
    """A setting or a file of settings cannot be used. It is a ValueError, so validators may raise it."""


class LogError(TouchlineError):
    """The log cannot be written or read."""
