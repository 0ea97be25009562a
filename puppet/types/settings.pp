# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The whole of falco.yaml.
#
# * `rules_file`: rules files and directories, loaded in this order
# * `time_format_iso_8601`: times in UTC and ISO 8601 instead of local time
# * `json_output`: alerts as JSON instead of text
# * `json_include_output_property`: JSON alerts carry the text of the alert too
# * `log_stderr`: Falco's own log to standard error
# * `log_syslog`: Falco's own log to syslog
# * `log_level`: least severe message of the log
# * `priority`: least severe rules to load
# * `buffered_outputs`: collect alerts in a buffer before they are written
# * `syscall_event_drops`: What happens when system calls were lost between kernel and Falco.
# * `syscall_buf_mb`: MB of the buffer between kernel and Falco, made a power of two; 0 is by the machine's memory
# * `scheduling`: whether the thread that takes events goes before all ordinary programs, has a lower nice value or neither
# * `health_file`: a file that says every second whether Falco lives and sees this host
# * `containers`: Where container engines are asked about containers, as paths of the host. 0.15 has fixed ones.
# * `outputs`: What holds for all outputs of this process: the token bucket that limits alerts, and their queues.
# * `syslog_output`: Alerts to syslog.
# * `file_output`: Alerts appended to a file.
# * `stdout_output`: Alerts to standard output.
# * `stderr_output`: Alerts to standard error; 0.15 has no such output.
# * `webserver`: The web server that takes Kubernetes audit events.
# * `program_output`: Alerts to a program's standard input.
# * `http_output`: Alerts posted to a URL.
# * `alert_store`: The alerts kept on disk, for `falco alerts` and for the forwarders. 0.15 has no such thing.
# * `forwarders`: The destinations.
type Falco::Settings = Struct[
  {
    Optional['rules_file'] => Variant[String[1], Array[String[1]]],
    Optional['time_format_iso_8601'] => Boolean,
    Optional['json_output'] => Boolean,
    Optional['json_include_output_property'] => Boolean,
    Optional['log_stderr'] => Boolean,
    Optional['log_syslog'] => Boolean,
    Optional['log_level'] => Falco::Priority,
    Optional['priority'] => Falco::Priority,
    Optional['buffered_outputs'] => Boolean,
    Optional['syscall_event_drops'] => Falco::Settings::Syscall_event_drops,
    Optional['syscall_buf_mb'] => Integer[0],
    Optional['scheduling'] => Enum['realtime', 'raised', 'normal'],
    Optional['health_file'] => String,
    Optional['containers'] => Falco::Settings::Containers,
    Optional['outputs'] => Falco::Settings::Outputs,
    Optional['syslog_output'] => Falco::Settings::Syslog_output,
    Optional['file_output'] => Falco::Settings::File_output,
    Optional['stdout_output'] => Falco::Settings::Stdout_output,
    Optional['stderr_output'] => Falco::Settings::Stderr_output,
    Optional['webserver'] => Falco::Settings::Webserver,
    Optional['program_output'] => Falco::Settings::Program_output,
    Optional['http_output'] => Falco::Settings::Http_output,
    Optional['alert_store'] => Falco::Settings::Alert_store,
    Optional['forwarders'] => Falco::Settings::Forwarders,
  }
]
