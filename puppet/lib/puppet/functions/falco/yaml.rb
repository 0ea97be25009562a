# frozen_string_literal: true

require 'yaml'

# @summary Data as a YAML document, as Falco reads it.
Puppet::Functions.create_function(:'falco::yaml') do
  # @param data
  #   Hashes, arrays, strings, numbers and truth values.
  # @return [String]
  #   The document, without its first line of dashes.
  # @example
  #   falco::yaml({ 'json_output' => true }) # "json_output: true\n"
  dispatch :yaml do
    param 'Data', :data
    return_type 'String'
  end

  def yaml(data)
    YAML.dump(data, line_width: -1).delete_prefix("---\n").delete_prefix('--- ')
  end
end
