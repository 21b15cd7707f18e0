using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Dvr;

/// <summary>The multivariant playlist of a recording.</summary>
internal static class RecordingVariants
{
    /// <summary>Describes those renditions of which something is there.</summary>
    public static MultivariantPlaylist Describe(RecordingIndex index)
    {
        RecordedRendition[] all = [.. index.Renditions.Where(rendition => rendition.Segments.Any(segment => !segment.IsGap))];
        RecordedRendition[] video = [.. all.Where(rendition => rendition.IsVideo)];
        RecordedRendition[] audio = [.. all.Where(rendition => !rendition.IsVideo)];
        bool independent = all.All(IsIndependent);
        if (video.Length == 0) { return new MultivariantPlaylist([.. audio.Select(rendition => ToVariant(rendition, []))], [], independent); }
        AudioRendition[] group = [.. audio.Select((rendition, place) => new AudioRendition(rendition.Name, UriOf(rendition), (rendition.Track as AudioTrack)?.Channels ?? 2, IsDefault: place == 0))];
        return new MultivariantPlaylist([.. video.Select(rendition => ToVariant(rendition, audio))], group, independent);
    }

    /// <summary>Whether every segment that is there starts with a random access point.</summary>
    public static bool IsIndependent(RecordedRendition rendition) => rendition.Segments.All(segment => segment.IsGap || segment.IsIndependent);

    // As live: BANDWIDTH is that of the variant with the largest member of its group, CODECS names every format of the group.
    private static Variant ToVariant(RecordedRendition rendition, RecordedRendition[] audio)
    {
        (long peak, long average) = RatesOf(rendition);
        (long Peak, long Average)[] sounds = [.. audio.Select(RatesOf)];
        string codecs = string.Join(',', audio.Prepend(rendition).Select(member => member.Track.CodecString).Distinct(StringComparer.Ordinal));
        return new Variant(UriOf(rendition), peak + sounds.Select(sound => sound.Peak).DefaultIfEmpty().Max(), average + sounds.Select(sound => sound.Average).DefaultIfEmpty().Max(),
            codecs, rendition.Track as VideoTrack, HasAudioGroup: audio.Length > 0);
    }

    /// <summary>Bits per second of the highest segment, and of all that are there.</summary>
    private static (long Peak, long Average) RatesOf(RecordedRendition rendition)
    {
        double bits = 0;
        double seconds = 0;
        double peak = 1;
        foreach (RecordedSegment segment in rendition.Segments)
        {
            if (segment.IsGap) { continue; }
            bits += segment.Length * 8.0;
            seconds += segment.Duration.TotalSeconds;
            peak = Math.Max(peak, segment.Length * 8.0 / segment.Duration.TotalSeconds);
        }
        return ((long)Math.Ceiling(peak), (long)Math.Ceiling(seconds > 0 ? bits / seconds : 1));
    }

    private static string UriOf(RecordedRendition rendition) => $"{rendition.Name}/playlist.m3u8";
}
