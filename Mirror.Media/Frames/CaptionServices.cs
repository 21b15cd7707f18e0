using System.Text.Json.Serialization;

namespace Mirror.Media.Frames;

/// <summary>The caption services of a track: each once, CC1 to CC4 first. Immutable, with value equality.</summary>
public sealed class CaptionServices : IEquatable<CaptionServices>
{
    /// <param name="services">At least one service, in any order.</param>
    [JsonConstructor]
    public CaptionServices(IReadOnlyList<CaptionService> services)
        => Services = [.. (services ?? [])
            .DistinctBy(service => service.InstreamId)
            .OrderBy(service => service.InstreamId.Length)
            .ThenBy(service => service.InstreamId, StringComparer.Ordinal)];

    /// <summary>The services.</summary>
    public IReadOnlyList<CaptionService> Services { get; }

    /// <summary>Combines two sets. A service in both keeps the language that is known.</summary>
    public static CaptionServices? Union(CaptionServices? first, CaptionServices? second)
    {
        if (second is null || second.Equals(first)) { return first; }
        return first is null ? second : new CaptionServices([.. first.WithLanguagesOf(second).Services, .. second.Services]);
    }

    /// <summary>Returns the same services. Those without a language take it from <paramref name="named"/>.</summary>
    public CaptionServices WithLanguagesOf(CaptionServices? named)
    {
        if (named is null) { return this; }
        return new CaptionServices([.. Services.Select(service => service with
        {
            Language = service.Language ?? named.LanguageOf(service.InstreamId),
        })]);
    }

    /// <inheritdoc/>
    public bool Equals(CaptionServices? other)
        => ReferenceEquals(this, other) || (other is not null && Services.SequenceEqual(other.Services));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CaptionServices);

    /// <inheritdoc/>
    public override int GetHashCode() => Services.Aggregate(0, static (hash, service) => HashCode.Combine(hash, service));

    private string? LanguageOf(string instreamId)
        => Services.FirstOrDefault(service => service.InstreamId == instreamId)?.Language;
}
