namespace Mirror.ServiceDefaults.Logging;

/// <summary>The log on standard output: section <c>logging</c>.</summary>
internal sealed class LoggingOptions
{
    /// <summary>Least severe level that is written. Default information.</summary>
    public LoggingLevel Level { get; set; } = LoggingLevel.Information;

    /// <summary>One line for people, or one JSON object a line. Default text.</summary>
    public LoggingFormat Format { get; set; } = LoggingFormat.Text;
}

/// <summary>Levels of the log, as <see cref="Microsoft.Extensions.Logging.LogLevel"/> numbers them.</summary>
internal enum LoggingLevel
{
    /// <summary>Everything.</summary>
    Trace,

    /// <summary>What helps to find a fault.</summary>
    Debug,

    /// <summary>What an operator wants to know.</summary>
    Information,

    /// <summary>What an operator should look at.</summary>
    Warning,

    /// <summary>What failed.</summary>
    Error,
}

/// <summary>Forms of a log line.</summary>
internal enum LoggingFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For machines.</summary>
    Json,
}
