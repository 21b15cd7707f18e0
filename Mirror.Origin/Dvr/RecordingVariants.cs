using Mirror.Media.Playlists;
using Mirror.Origin.Live;
using Mirror.Streams.Recordings;

namespace Mirror.Origin.Dvr;

/// <summary>The multivariant playlist of a recording.</summary>
internal static class RecordingVariants
{
    /// <summary>Describes those renditions of which something is there.</summary>
    public static MultivariantPlaylist Describe(RecordingIndex index)
    {
        RecordedRendition[] all = [.. index.Renditions.Where(rendition => rendition.Segments.Any(segment => !segment.IsGap))];
        return Presentation.Describe([.. all.Where(rendition => rendition.IsVideo).Select(Offer)], [.. all.Where(rendition => !rendition.IsVideo).Select(Offer)], all.All(IsIndependent));
    }

    /// <summary>Whether every segment that is there starts with a random access point.</summary>
    public static bool IsIndependent(RecordedRendition rendition) => rendition.Segments.All(segment => segment.IsGap || segment.IsIndependent);

    private static OfferedRendition Offer(RecordedRendition rendition)
    {
        (long peak, long average) = RatesOf(rendition);
        return new OfferedRendition(rendition.Name, rendition.Track, peak, average);
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
}
