namespace Mirror.Streams.Shared;

/// <summary>What nodes share could not be reached in time. Whether a write took place is not known.</summary>
public sealed class SharedStateException : Exception
{
    /// <summary>It could not be reached.</summary>
    public SharedStateException() : this("The state that nodes share cannot be reached.") { }

    /// <summary>It could not be reached.</summary>
    /// <param name="message">What, in one line.</param>
    public SharedStateException(string message) : base(message) { }

    /// <summary>It could not be reached.</summary>
    /// <param name="message">What, in one line.</param>
    /// <param name="innerException">What was thrown.</param>
    public SharedStateException(string message, Exception innerException) : base(message, innerException) { }
}
