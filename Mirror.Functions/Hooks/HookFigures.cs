namespace Mirror.Functions.Hooks;

/// <summary>How a webhook's deliveries are doing, over all nodes since it was made: the document <c>hooks-figures/ID</c>.</summary>
internal sealed record HookFigures
{
    /// <summary>Events that the receiver took.</summary>
    public long Delivered { get; init; }

    /// <summary>Attempts that failed.</summary>
    public long Failed { get; init; }

    /// <summary>Events given up, which are dead letters; those included that found the queue full.</summary>
    public long Dead { get; init; }

    /// <summary>Events that found the queue full.</summary>
    public long Dropped { get; init; }

    /// <summary>HTTP status of the last attempt; 0 where no answer came.</summary>
    public int? LastStatus { get; init; }

    /// <summary>What went wrong at the last attempt that failed.</summary>
    public string? LastError { get; init; }

    /// <summary>When that was (UTC).</summary>
    public DateTime? LastErrorAt { get; init; }

    /// <summary>When an attempt was last made (UTC).</summary>
    public DateTime? LastAttemptAt { get; init; }

    /// <summary>Both together.</summary>
    public HookFigures Plus(HookFigures more)
    {
        HookFigures later = (more.LastAttemptAt ?? DateTime.MinValue) >= (LastAttemptAt ?? DateTime.MinValue) ? more : this;
        HookFigures laterError = (more.LastErrorAt ?? DateTime.MinValue) >= (LastErrorAt ?? DateTime.MinValue) ? more : this;
        return new HookFigures
        {
            Delivered = Delivered + more.Delivered,
            Failed = Failed + more.Failed,
            Dead = Dead + more.Dead,
            Dropped = Dropped + more.Dropped,
            LastStatus = later.LastStatus,
            LastAttemptAt = later.LastAttemptAt,
            LastError = laterError.LastError,
            LastErrorAt = laterError.LastErrorAt,
        };
    }
}
