# frozen_string_literal: true

require 'spec_helper'

FORWARDERS = %w[webhook slack syslog alertmanager elasticsearch loki nats kafka mqtt redis smtp program].freeze

describe 'falco' do
  FAMILIES.each do |family, facts|
    context "on #{family}" do
      let(:facts) { facts }

      context 'as it comes' do
        it { is_expected.to compile.with_all_deps }
        it { is_expected.to contain_class('falco::install').that_comes_before('Class[falco::config]') }
        it { is_expected.to contain_class('falco::config').that_notifies('Class[falco::service]') }
        it { is_expected.to contain_class('falco::output_file') }
        it { is_expected.to contain_class('falco::service') }
        it { is_expected.to contain_package('falco').with_ensure('installed').with_source(nil) }
        it { is_expected.to contain_service('falco').with_ensure('running').with_enable(true) }

        it 'takes away the unit of a container of before, which would shadow its own' do
          unit = '/etc/systemd/system/falco.service'
          is_expected.to contain_exec('falco: stop the container')
            .with_onlyif("test -e #{unit}").that_comes_before("File[#{unit}]")
          is_expected.to contain_file(unit).with_ensure('absent')
          is_expected.to contain_exec('falco: forget the unit of the container')
            .with_command('systemctl daemon-reload').with_refreshonly(true).that_subscribes_to("File[#{unit}]")
            .that_comes_before('Package[falco]')
        end

        it { is_expected.to contain_file('/etc/falco').with_ensure('directory').with_mode('0755') }
        it { is_expected.to contain_file('/etc/falco/rules.d').with_purge(false) }
        it { is_expected.to contain_file('/etc/falco/secrets').with_mode('0700').with_purge(true) }
        it { is_expected.not_to contain_file('/etc/falco/falco_rules.local.yaml') }
        it { is_expected.to contain_file('/etc/systemd/system/falco.service.d/output.conf').with_ensure('absent') }

        it 'writes what the package has' do
          expect(settings).to include('json_output' => false, 'stdout_output' => { 'enabled' => true })
          expect(settings['rules_file']).to include('/etc/falco/falco_rules.yaml', '/etc/falco/rules.d')
        end

        it 'lets Falco check the configuration, which root alone may read' do
          is_expected.to contain_file('/etc/falco/falco.yaml')
            .with_mode('0600').with_owner('root').with_validate_cmd('/usr/bin/falco config -c %')
        end

        it 'rotates what the unit may write' do
          is_expected.to contain_file('/etc/logrotate.d/falco')
            .with_content(%r{^"/var/log/falco/\*\.log" \{\n    weekly\n    rotate 8\n    compress\n})
        end

        FORWARDERS.each do |name|
          it { is_expected.to contain_service("falco-forwarder@#{name}").with_ensure('stopped').with_enable(false) }
        end
      end

      context 'absent' do
        let(:params) { { ensure: 'absent' } }

        it { is_expected.to compile.with_all_deps }
        it { is_expected.to contain_class('falco::remove') }
        it { is_expected.to contain_package('falco').with_ensure('purged').that_requires('Service[falco]') }
        it { is_expected.to contain_service('falco').with_ensure('stopped').with_enable(false) }

        %w[
          /etc/falco /etc/logrotate.d/falco /etc/systemd/system/falco.service.d /etc/apt/sources.list.d/falco.list
          /etc/apt/keyrings/falco.asc /etc/yum.repos.d/falco.repo /etc/pki/rpm-gpg/RPM-GPG-KEY-falco
          /var/cache/falco /var/lib/falco /var/log/falco
        ].each do |path|
          it { is_expected.to contain_file(path).with_ensure('absent').with_force(true).with_backup(false).that_requires('Package[falco]') }
        end

        context 'in a container' do
          let(:params) { super().merge(form: 'container', image: 'r.example/falco:1') }

          it { is_expected.to contain_service('falco').with_ensure('stopped') }
          it { is_expected.to contain_exec('falco: remove the container and its volumes').that_requires('Service[falco]') }
          it { is_expected.to contain_exec('falco: remove the image').with_command('docker image rm r.example/falco:1') }
          it { is_expected.to contain_file('/etc/systemd/system/falco.service').with_ensure('absent') }
          it { is_expected.not_to contain_file('/var/lib/falco') }
        end
      end
    end
  end

  context 'on any family' do
    let(:facts) { FAMILIES['Debian'] }

    context 'with settings of a section' do
      let(:params) { { settings: { 'webserver' => { 'listen_port' => 9000 }, 'log_level' => 'debug' } } }

      it 'keeps the others of the section' do
        expect(settings['webserver']).to include('listen_port' => 9000, 'enabled' => true, 'queue_mb' => 128)
        expect(settings['log_level']).to eq('debug')
      end
    end

    context 'with a forwarder and its secrets' do
      let(:params) do
        {
          settings: { 'forwarders' => { 'webhook' => { 'enabled' => true, 'timeout' => 2.5 } } },
          secrets: sensitive('webhook' => { 'url' => 'https://x/s3cret', 'token' => 't0ken' }),
        }
      end

      it { is_expected.to contain_service('falco-forwarder@webhook').with_ensure('running').with_enable(true) }
      it { is_expected.to contain_service('falco-forwarder@slack').with_ensure('stopped') }

      it 'puts secrets into files of their own, for root alone' do
        { 'url' => 'https://x/s3cret', 'token' => 't0ken' }.each do |name, secret|
          is_expected.to contain_file("/etc/falco/secrets/webhook.#{name}")
            .with_mode('0600').with_owner('root').with_show_diff(false).with_backup(false).with_content(sensitive(secret))
        end
      end

      it 'names the files, and no secret, in falco.yaml' do
        expect(settings['forwarders']['webhook']).to eq(
          'enabled' => true, 'timeout' => 2.5,
          'url_file' => '/etc/falco/secrets/webhook.url', 'token_file' => '/etc/falco/secrets/webhook.token'
        )
        expect(content('/etc/falco/falco.yaml')).not_to match(/s3cret|t0ken/)
      end
    end

    context 'with rules' do
      let(:params) do
        {
          local_rules: [{ 'list' => 'shells', 'items' => ['bash', 'a: b'] }],
          rules: {
            '10-text' => "- macro: a\n  condition: evt.type = open\n",
            '20-file' => { 'source' => 'puppet:///modules/profile/x.yaml' },
          },
          purge_rules: true,
        }
      end
      let(:check) { '/usr/bin/falco -r /etc/falco/falco_rules.yaml -r % -L' }

      it { is_expected.to contain_falco__rules_file('falco_rules.local') }
      it { is_expected.to contain_falco__rules_file('10-text') }
      it { is_expected.to contain_falco__rules_file('20-file') }
      it { is_expected.to contain_file('/etc/falco/rules.d').with_purge(true).with_recurse(true) }

      it 'writes items as YAML' do
        is_expected.to contain_file('/etc/falco/falco_rules.local.yaml').with_validate_cmd(check)
        expect(settings('/etc/falco/falco_rules.local.yaml')).to eq([{ 'list' => 'shells', 'items' => ['bash', 'a: b'] }])
      end

      it { is_expected.to contain_file('/etc/falco/rules.d/10-text.yaml').with_content(/macro: a/).with_validate_cmd(check) }

      it 'takes files from a file server' do
        is_expected.to contain_file('/etc/falco/rules.d/20-file.yaml')
          .with_source('puppet:///modules/profile/x.yaml').without_content
      end

      context 'unchecked' do
        let(:params) { super().merge(check_configuration: false) }

        it { is_expected.to contain_file('/etc/falco/falco_rules.local.yaml').without_validate_cmd }
        it { is_expected.to contain_file('/etc/falco/falco.yaml').without_validate_cmd }
      end
    end

    context 'with a file for alerts' do
      let(:params) { { settings: { 'file_output' => { 'enabled' => true, 'filename' => file } }, rotation: rotation } }
      let(:rotation) { { 'every' => 'daily', 'keep' => 3, 'maxsize' => '10M', 'compress' => false } }

      context 'elsewhere' do
        let(:file) { '/srv/alerts/falco.json' }

        it { is_expected.to contain_file('/etc/systemd/system/falco.service.d').with_ensure('directory') }

        it 'may write there and rotates it' do
          is_expected.to contain_file('/etc/systemd/system/falco.service.d/output.conf')
            .with_content(%r{^\[Service\]\nReadWritePaths=/srv/alerts$})
          is_expected.to contain_file('/etc/logrotate.d/falco')
            .with_content(%r{^"/var/log/falco/\*\.log" "/srv/alerts/falco\.json" \{\n    daily\n    rotate 3\n    maxsize 10M\n    missingok})
        end
      end

      context 'where the package has its own' do
        let(:file) { '/var/log/falco/alerts.log' }

        it { is_expected.to contain_file('/etc/systemd/system/falco.service.d/output.conf').with_ensure('absent') }
        it { is_expected.to contain_file('/etc/logrotate.d/falco').with_content(%r{^"/var/log/falco/\*\.log" \{}) }
      end
    end

    context 'from a file' do
      let(:params) { { package_source: '/var/tmp/falco.pkg', package_name: 'falco-x', package_ensure: '0.15.0' } }

      it do
        is_expected.to contain_package('falco')
          .with_source('/var/tmp/falco.pkg').with_name('falco-x').with_ensure('0.15.0')
      end
    end

    context 'stopped' do
      let(:params) do
        { service_ensure: 'stopped', service_enable: false, settings: { 'forwarders' => { 'nats' => { 'enabled' => true } } } }
      end

      it { is_expected.to contain_service('falco').with_ensure('stopped').with_enable(false) }
      it { is_expected.to contain_service('falco-forwarder@nats').with_ensure('stopped').with_enable(false) }
    end

    context 'in a container' do
      let(:params) { { form: 'container', image: 'r.example/falco:1' } }
      let(:unit) { content('/etc/systemd/system/falco.service') }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to contain_class('falco::container').that_notifies('Class[falco::service]') }
      it { is_expected.to contain_class('falco::container').that_comes_before('Class[falco::config]') }
      it { is_expected.not_to contain_class('falco::output_file') }

      it 'takes away a package of before, whose unit and forwarders would be left' do
        is_expected.to contain_package('falco').with_ensure('absent').that_comes_before('File[/etc/systemd/system/falco.service]')
        %w[/etc/systemd/system/falco.service.d/output.conf /etc/logrotate.d/falco].each do |path|
          is_expected.to contain_file(path).with_ensure('absent').that_requires('Package[falco]')
        end
      end

      context 'of a package with another name' do
        let(:params) { super().merge(package_name: 'falco-x') }

        it { is_expected.to contain_package('falco').with_name('falco-x').with_ensure('absent') }
      end

      it { is_expected.to contain_service('falco').with_ensure('running') }
      it { is_expected.to contain_file('/etc/falco/falco.yaml').without_validate_cmd }
      it { is_expected.to contain_file('/etc/falco/falco_rules.local.yaml') }
      it('leaves what is not said to the image') { expect(settings).to eq({}) }

      it 'runs with all privileges' do
        is_expected.to contain_file('/etc/systemd/system/falco.service').with_mode('0644')
        expect(unit).to match(%r{^ExecStart=/usr/bin/docker run --rm --name falco "--privileged" "--pid" "host" .* r\.example/falco:1$})
        expect(unit).to include('"--volume" "/etc/falco/falco.yaml:/etc/falco/falco.yaml:ro"')
      end

      context 'with the least privileges' do
        let(:params) { super().merge(run_arguments: 'least') }

        it { expect(unit).to match(/"--read-only" "--cap-drop" "ALL" "--cap-add" "SYS_ADMIN"/) }
        it { expect(unit).not_to include('--privileged') }
      end

      context 'with words of its own, elsewhere' do
        let(:params) do
          super().merge(
            run_arguments: ['--env', 'A=50% of "$HOME" \\'], config_directory: '/srv/falco',
            settings: { 'forwarders' => { 'nats' => { 'enabled' => true } } },
            secrets: sensitive('nats' => { 'token' => 'x' })
          )
        end

        it('expands nothing') { expect(unit).to include(' "--env" "A=50%% of \\"$$HOME\\" \\\\" "--volume" ') }
        it { expect(unit).to include('"/srv/falco/secrets:/etc/falco/secrets:ro"') }

        it 'names files as they are in the container' do
          %w[/srv/falco /srv/falco/rules.d /srv/falco/secrets].each do |path|
            is_expected.to contain_file(path).with_ensure('directory')
          end
          is_expected.to contain_file('/srv/falco/falco_rules.local.yaml').with_ensure('file')
          is_expected.to contain_file('/srv/falco/secrets/nats.token').with_mode('0600')
          is_expected.to contain_file('/srv/falco/falco.yaml').with_mode('0600')
          expect(settings('/srv/falco/falco.yaml')['forwarders']['nats']['token_file']).to eq('/etc/falco/secrets/nats.token')
        end
      end
    end
  end

  context 'with a repository' do
    let(:params) { { repository: { 'url' => 'https://p.example/falco', 'key' => 'puppet:///modules/profile/falco.asc' } } }

    context 'on Debian' do
      let(:facts) { FAMILIES['Debian'] }
      let(:list) { '/etc/apt/sources.list.d/falco.list' }

      it { is_expected.to contain_class('falco::repository').that_comes_before('Package[falco]') }
      it { is_expected.to contain_file('/etc/apt/keyrings').with_ensure('directory') }
      it { is_expected.to contain_file('/etc/apt/keyrings/falco.asc').with_source(%r{profile/falco}).that_comes_before("File[#{list}]") }
      it { is_expected.to contain_file(list).with_content(%r{^deb \[signed-by=/etc/apt/keyrings/falco\.asc\] https://p\.example/falco \./$}) }
      it { is_expected.to contain_exec('falco: read the lists of packages').that_subscribes_to("File[#{list}]").with_refreshonly(true) }

      context 'without a key, with a suite' do
        let(:params) { { repository: { 'url' => 'https://p.example', 'suite' => 'bookworm', 'components' => %w[main extra] } } }

        it { is_expected.to contain_file(list).with_content(%r{^deb https://p\.example bookworm main extra$}) }
      end
    end

    context 'on RedHat' do
      let(:facts) { FAMILIES['RedHat'] }
      let(:key) { '/etc/pki/rpm-gpg/RPM-GPG-KEY-falco' }

      it { is_expected.to contain_file(key).that_comes_before('File[/etc/yum.repos.d/falco.repo]') }
      it { is_expected.to contain_file('/etc/yum.repos.d/falco.repo').with_content(%r{^gpgcheck=1\ngpgkey=file://#{Regexp.escape('/etc/pki/rpm-gpg/RPM-GPG-KEY-falco')}$}) }
      it { is_expected.not_to contain_exec('falco: read the lists of packages') }

      context 'without a key' do
        let(:params) { { repository: { 'url' => 'https://p.example' } } }

        it { is_expected.to contain_file('/etc/yum.repos.d/falco.repo').with_content(%r{^baseurl=https://p\.example\nenabled=1\ngpgcheck=0$}) }
      end
    end
  end

  context 'with what cannot be' do
    let(:facts) { FAMILIES['Debian'] }

    {
      'an unknown setting' => [{ settings: { 'json_outputs' => true } }, /unrecognized key 'json_outputs'/],
      'a wrong type' => [{ settings: { 'outputs' => { 'rate' => 'fast' } } }, /rate.*(Integer|Float|Numeric)/],
      'a port that is none' => [{ settings: { 'webserver' => { 'listen_port' => 70_000 } } }, /listen_port/],
      'a secret twice' => [
        { settings: { 'forwarders' => { 'nats' => { 'token_file' => '/x' } } },
          secrets: RSpec::Puppet::Sensitive.new('nats' => { 'token' => 'x' }) }, /both the secret token and token_file/
      ],
      'plain secrets' => [{ secrets: { 'nats' => { 'token' => 'x' } } }, /expects a Sensitive/],
      'the package elsewhere' => [{ config_directory: '/srv/falco' }, /is for the container form/],
      'two lines in an argument' => [{ form: 'container', run_arguments: ["a\nExecStartPre=/bin/x"] }, /run_arguments/],
      'a name that leaves rules.d' => [{ rules: { '../x' => '' } }, /rules/],
    }.each do |what, (given, message)|
      context what do
        let(:params) { given }

        it { is_expected.to compile.and_raise_error(message) }
      end
    end

    context 'another family' do
      let(:facts) { { 'os' => { 'family' => 'Archlinux' } } }

      it { is_expected.to compile.and_raise_error(/none of the families Debian and RedHat/) }
    end
  end

  Dir[File.expand_path('../../examples/*.pp', __dir__)].each do |example|
    context "in #{File.basename(example)}" do
      let(:facts) { FAMILIES['Debian'] }
      let(:pre_condition) { File.read(example) }

      it { is_expected.to compile.with_all_deps }
    end
  end

  context 'in the example of the package' do
    let(:facts) { FAMILIES['Debian'] }
    let(:pre_condition) { File.read(File.expand_path('../../examples/package.pp', __dir__)) }

    it { is_expected.to contain_falco__rules_file('50-team') }
    it { is_expected.to contain_file('/etc/falco/rules.d/50-team.yaml').with_source(/team/) }
    it { expect(settings('/etc/falco/falco_rules.local.yaml').map(&:keys).flatten).to include('list', 'rule') }
  end

  context 'with what Hiera has' do
    let(:facts) { FAMILIES['Debian'] }
    let(:hiera_config) { File.expand_path('../fixtures/hiera.yaml', __dir__) }

    it 'puts levels together, and makes secrets Sensitive' do
      expect(settings['outputs']).to include('rate' => 5, 'max_burst' => 10, 'queue_capacity' => 10_000)
      is_expected.to contain_file('/etc/falco/secrets/smtp.password').with_content(sensitive('from Hiera'))
      is_expected.to contain_falco__rules_file('site')
      is_expected.to contain_file('/etc/falco/rules.d/site.yaml')
      expect(settings('/etc/falco/rules.d/site.yaml')).to eq([{ 'list' => 'x', 'items' => ['y'] }])
    end
  end
end
