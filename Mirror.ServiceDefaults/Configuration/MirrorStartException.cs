namespace Mirror.ServiceDefaults.Configuration;

/// <summary>Why Mirror cannot start, in one line for the operator. <see cref="Hosting.MirrorHost.RunAsync"/> prints it without a stack trace.</summary>
public class MirrorStartException : Exception
{
    /// <summary>The process's exit code when Mirror could not start: a port is taken, a library is missing.</summary>
    public const int StartFailed = 1;

    /// <summary>The process's exit code when the configuration is wrong.</summary>
    public const int ConfigurationWrong = 2;

    /// <summary>The start failed with no more to say.</summary>
    public MirrorStartException() : this("Mirror cannot start.") { }

    /// <summary>The start failed for this reason.</summary>
    /// <param name="message">One line that says what is wrong and what to do.</param>
    public MirrorStartException(string message) : base(message) { }

    /// <summary>The start failed for this reason.</summary>
    /// <param name="message">One line that says what is wrong and what to do.</param>
    /// <param name="innerException">What was thrown.</param>
    public MirrorStartException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>The exit code of the process: <see cref="StartFailed"/>, or <see cref="ConfigurationWrong"/>.</summary>
    public int ExitCode { get; init; } = StartFailed;
}
