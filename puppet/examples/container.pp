# In a container that docker runs, with as few privileges as it can do with.
class { 'falco':
  form          => 'container',
  image         => 'falco:0.15.0',
  run_arguments => 'least',
  settings      => {
    'json_output' => true,
    'webserver'   => { 'enabled' => false },
  },
}
