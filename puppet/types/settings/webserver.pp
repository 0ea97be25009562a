# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.
#
# @summary The web server that takes Kubernetes audit events.
#
# * `enabled`: listen for Kubernetes audit events
# * `listen_address`: address to listen on; :: is all, of IPv6 too
# * `listen_port`: port to listen on
# * `k8s_audit_endpoint`: path that audit events are posted to
# * `ssl_enabled`: serve TLS
# * `ssl_certificate`: file with both certificate and key
# * `ssl_client_ca`: file with authorities: only clients with their certificates may post
# * `queue_mb`: MB of memory for events that wait (at least 1); beyond it posts get 429
type Falco::Settings::Webserver = Struct[
  {
    Optional['enabled'] => Boolean,
    Optional['listen_address'] => String,
    Optional['listen_port'] => Integer[1, 65535],
    Optional['k8s_audit_endpoint'] => String,
    Optional['ssl_enabled'] => Boolean,
    Optional['ssl_certificate'] => String,
    Optional['ssl_client_ca'] => String,
    Optional['queue_mb'] => Integer[0],
  }
]
