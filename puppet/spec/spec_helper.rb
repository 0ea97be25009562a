# frozen_string_literal: true

require 'rspec-puppet'
require 'tmpdir'
require 'yaml'

# rspec-puppet looks for modules by their names; this one lies in a directory of another.
MODULES = Dir.mktmpdir
FileUtils.ln_s(File.expand_path('..', __dir__), File.join(MODULES, 'falco'))

FAMILIES = {
  'Debian' => { 'os' => { 'family' => 'Debian', 'name' => 'Debian', 'release' => { 'major' => '12', 'full' => '12.7' } } },
  'RedHat' => { 'os' => { 'family' => 'RedHat', 'name' => 'Rocky', 'release' => { 'major' => '9', 'full' => '9.4' } } },
}.freeze

RSpec.configure do |config|
  config.setup_fixtures = false
  config.module_path = MODULES
  config.strict_variables = true
  config.before(:suite) { Puppet[:strict] = :error }
  config.after(:suite) do
    RSpec::Puppet::Coverage.report!(100)
  ensure
    FileUtils.rm_rf(MODULES)
  end
end

# The content that the catalogue gives a file; a Sensitive one is unwrapped.
def content(path)
  value = catalogue.resource('file', path)[:content]
  value.respond_to?(:unwrap) ? value.unwrap : value
end

def settings(path = '/etc/falco/falco.yaml')
  YAML.safe_load(content(path))
end
