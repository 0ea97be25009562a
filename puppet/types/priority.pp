# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary How severe an alert or a message of the log is.
type Falco::Priority = Enum['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug', 'info']
