# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary Alerts posted to a URL.
#
# * `enabled`: post alerts to a URL
# * `url`: the URL
type Falco::Settings::Http_output = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['url'] => String,
  }
]
