using Mirror.Media.Frames;

namespace Mirror.Media.Playlists;

/// <summary>A multivariant playlist (draft-pantos-hls-rfc8216bis §4.4.6): the renditions of one presentation. Immutable.</summary>
/// <param name="Variants">One for each video rendition, or one for the sound of a presentation without video; the first is the one that players start with.</param>
/// <param name="Audio">The audio renditions, in groups of one codec each.</param>
/// <param name="IndependentSegments">Every segment of every rendition starts with a random access point: EXT-X-INDEPENDENT-SEGMENTS.</param>
public sealed record MultivariantPlaylist(IReadOnlyList<Variant> Variants, IReadOnlyList<AudioRendition> Audio, bool IndependentSegments)
{
    /// <summary>Caption services in the segments of the variants: EXT-X-MEDIA of TYPE=CLOSED-CAPTIONS.</summary>
    public CaptionServices? Captions { get; init; }
}

/// <summary>One EXT-X-STREAM-INF (§4.4.6.2). Two with the same URI and different groups offer the same pictures with other sound.</summary>
/// <param name="Uri">The media playlist's URI, relative to the multivariant playlist.</param>
/// <param name="Bandwidth">BANDWIDTH: peak segment bit rate of the variant with the largest audio of its group, in bit/s.</param>
/// <param name="AverageBandwidth">AVERAGE-BANDWIDTH, in bit/s.</param>
/// <param name="Codecs">CODECS: every sample format of the variant and its audio group, comma-separated.</param>
/// <param name="Video">RESOLUTION, FRAME-RATE and VIDEO-RANGE; <see langword="null"/> for sound alone.</param>
/// <param name="AudioGroup">AUDIO: the <see cref="AudioRendition.GroupId"/> of what it plays with; <see langword="null"/> for none.</param>
public sealed record Variant(string Uri, long Bandwidth, long AverageBandwidth, string Codecs, VideoTrack? Video, string? AudioGroup);

/// <summary>One EXT-X-MEDIA of TYPE=AUDIO (§4.4.6.1).</summary>
/// <param name="GroupId">GROUP-ID: the languages that a player may choose from.</param>
/// <param name="Name">NAME: unique within the group.</param>
/// <param name="Uri">The media playlist's URI, relative to the multivariant playlist.</param>
/// <param name="Channels">CHANNELS.</param>
/// <param name="IsDefault">DEFAULT=YES: at most one of the group.</param>
public sealed record AudioRendition(string GroupId, string Name, string Uri, int Channels, bool IsDefault)
{
    /// <summary>LANGUAGE: a tag of RFC 5646, such as <c>en</c>; <see langword="null"/> where it is not known.</summary>
    public string? Language { get; init; }

    /// <summary>CHARACTERISTICS: <c>public.accessibility.describes-video</c> for a description; <see langword="null"/> for none.</summary>
    public string? Characteristics { get; init; }
}
