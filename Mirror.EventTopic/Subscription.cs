namespace Mirror.EventTopic;

/// <summary>Who gets which events.</summary>
public sealed record Subscription
{
    /// <summary>Its name: 3 to 64 letters, digits and dashes.</summary>
    public string Name { get; set; } = "";

    /// <summary>The webhooks that serve it, any of them: where one fails the next is tried, as behind a load balancer.</summary>
    public IReadOnlyList<string> Endpoints { get; set; } = [];

    /// <summary>Types of events that it wants; empty: all.</summary>
    public IReadOnlyList<string> IncludedEventTypes { get; set; } = [];

    /// <summary>What the subject must start with.</summary>
    public string SubjectBeginsWith { get; set; } = "";

    /// <summary>What the subject must end with.</summary>
    public string SubjectEndsWith { get; set; } = "";

    /// <summary>Whether it wants an event.</summary>
    internal bool Wants(TopicEvent happened)
        => (IncludedEventTypes.Count == 0 || IncludedEventTypes.Contains(happened.Type, StringComparer.OrdinalIgnoreCase))
            && happened.Subject.StartsWith(SubjectBeginsWith, StringComparison.OrdinalIgnoreCase)
            && happened.Subject.EndsWith(SubjectEndsWith, StringComparison.OrdinalIgnoreCase);

    internal static bool IsWebhook(string url) => Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https";

    /// <summary>What is wrong with it, in a sentence; <see langword="null"/> if nothing is.</summary>
    internal string? FindFault()
    {
        if (Name.Length is < 3 or > 64 || !Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')) { return "A subscription's name has 3 to 64 letters, digits and dashes."; }
        if (Endpoints.Count is 0 or > 16 || !Endpoints.All(IsWebhook)) { return "endpoints are 1 to 16 addresses that start with http:// or https://."; }
        return null;
    }
}
