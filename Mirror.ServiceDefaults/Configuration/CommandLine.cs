namespace Mirror.ServiceDefaults.Configuration;

/// <summary>What the command line asks for.</summary>
internal enum MirrorCommand
{
    /// <summary>To run.</summary>
    Run,

    /// <summary>To print how to call Mirror.</summary>
    Help,

    /// <summary>To print the version.</summary>
    Version,

    /// <summary>To print the configuration in force.</summary>
    PrintConfiguration,

    /// <summary>To make the development certificate, where there is none yet, and print its fingerprints.</summary>
    PrintCertificate,
}

/// <summary>The command line: settings as <c>--key value</c> or <c>--key=value</c>, a file, or a question.</summary>
internal sealed class CommandLine
{
    public MirrorCommand Command { get; private set; }

    /// <summary>The file named by <c>--config</c>.</summary>
    public string? ConfigurationFile { get; private set; }

    public Dictionary<string, SettingValue> Settings { get; } = new(StringComparer.Ordinal);

    /// <exception cref="MirrorStartException">An argument has another form.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var result = new CommandLine();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (AsCommand(argument) is { } command)
            {
                result.Command = command;
                continue;
            }
            if (!argument.StartsWith("--", StringComparison.Ordinal) || argument.Length == 2)
            {
                throw ConfigurationError.Of($"{argument}: unknown argument. Allowed: --key value; --help lists the keys.");
            }
            string name = argument[2..];
            string? value = null;
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0) { (name, value) = (name[..equals], name[(equals + 1)..]); }
            else if (i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal)) { value = arguments[++i]; }
            if (value is null) { throw ConfigurationError.Of($"--{name}: a value is missing. Allowed: --{name} VALUE."); }
            if (name == "config") { result.ConfigurationFile = value; }
            else { result.Settings[name] = new SettingValue(value, "--" + name); }
        }
        return result;
    }

    private static MirrorCommand? AsCommand(string argument) => argument switch
    {
        "--help" or "-h" or "-?" => MirrorCommand.Help,
        "--version" => MirrorCommand.Version,
        "--print-config" => MirrorCommand.PrintConfiguration,
        "--print-certificate" => MirrorCommand.PrintCertificate,
        _ => null,
    };
}
