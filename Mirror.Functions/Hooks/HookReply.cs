namespace Mirror.Functions.Hooks;

/// <summary>What became of one request.</summary>
/// <param name="Status">The receiver's HTTP status; 0 where none came.</param>
/// <param name="Error">What went wrong, in a sentence; <see langword="null"/> if nothing did.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone (<c>Retry-After</c>).</param>
/// <param name="Body">The beginning of its answer, where that was asked for.</param>
internal sealed record HookReply(int Status, string? Error, TimeSpan? RetryAfter = null, string? Body = null)
{
    /// <summary>The webhook was removed meanwhile.</summary>
    public static readonly HookReply Removed = new(0, "the webhook was removed");

    /// <summary>The webhook was switched off meanwhile.</summary>
    public static readonly HookReply Disabled = new(0, "the webhook is switched off");

    /// <summary>The receiver took it.</summary>
    public bool IsDelivered => Status is >= 200 and <= 299;

    /// <summary>The receiver says that it is no more, and wants nothing further.</summary>
    public bool IsGone => Status == 410;

    /// <summary>The receiver says that this body is wrong, which does not change: 400, 413, 415, 422.</summary>
    public bool IsRefused => Status is 400 or 413 or 415 or 422;

    /// <summary>Trying again may help: no answer, or one of anything else, redirections included.</summary>
    public bool IsWorthRepeating => !IsDelivered && !IsGone && !IsRefused && this != Removed && this != Disabled;
}
