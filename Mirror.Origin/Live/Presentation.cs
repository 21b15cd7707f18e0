using Mirror.Media.Frames;
using Mirror.Media.Playlists;

namespace Mirror.Origin.Live;

/// <summary>Which sound goes with which pictures: a stream's multivariant playlist, live or recorded.</summary>
/// <remarks>
/// One group of sound for each codec. The publisher's video goes with the publisher's sound, and once more with encoded sound where not every
/// player has the publisher's codec; encoded video goes with encoded sound. What is missing is replaced by what is there.
/// </remarks>
internal static class Presentation
{
    // The publisher's own renditions, as packaging names them.
    private const string SourceVideo = "source";
    private const string SourceAudio = "audio";

    /// <summary>Describes the renditions that there are.</summary>
    public static MultivariantPlaylist Describe(IReadOnlyList<OfferedRendition> video, IReadOnlyList<OfferedRendition> audio, bool independentSegments)
    {
        // Sound alone: each rendition is a variant of its own, since there is no video for a group to belong to.
        if (video.Count == 0) { return new MultivariantPlaylist([.. audio.Select(rendition => ToVariant(rendition, null))], [], independentSegments); }
        // All are the same sound, so all have the same name: players that change the group look for it (§4.4.6.1.1).
        AudioRendition[] groups = [.. audio.Select(rendition => new AudioRendition(rendition.Name, SourceAudio, UriOf(rendition), (rendition.Track as AudioTrack)?.Channels ?? 2, IsDefault: true))];
        return new MultivariantPlaylist([.. video.SelectMany(rendition => SoundFor(rendition, audio).Select(sound => ToVariant(rendition, sound)))], groups, independentSegments);
    }

    private static IEnumerable<OfferedRendition?> SoundFor(OfferedRendition video, IReadOnlyList<OfferedRendition> audio)
    {
        OfferedRendition? source = audio.FirstOrDefault(static sound => sound.Name == SourceAudio);
        OfferedRendition? encoded = audio.FirstOrDefault(static sound => sound.Name != SourceAudio);
        if (video.Name != SourceVideo) { return [encoded ?? source]; }
        return source is not null && encoded is not null && source.Track.Codec != Codec.Aac ? [source, encoded] : [source ?? encoded];
    }

    // BANDWIDTH is that of the variant with the largest member of its group, which has one; CODECS names the formats of both.
    private static Variant ToVariant(OfferedRendition rendition, OfferedRendition? sound) => new(UriOf(rendition), rendition.Bandwidth + (sound?.Bandwidth ?? 0),
        rendition.AverageBandwidth + (sound?.AverageBandwidth ?? 0), sound is null ? rendition.Track.CodecString : $"{rendition.Track.CodecString},{sound.Track.CodecString}",
        rendition.Track as VideoTrack, sound?.Name);

    private static string UriOf(OfferedRendition rendition) => $"{rendition.Name}/playlist.m3u8";
}
