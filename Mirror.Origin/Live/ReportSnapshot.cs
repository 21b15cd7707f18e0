using Mirror.Media.Playlists;

namespace Mirror.Origin.Live;

/// <summary>The EXT-X-RENDITION-REPORT tags of one rendition's playlist, and how many parts the others had then.</summary>
/// <remarks>
/// Renditions advance in turn, so a report is one part behind for most of the time until the playlist's own next part.
/// If another rendition's parts come in a burst, the report would be further behind until then: it is stale.
/// </remarks>
internal sealed class ReportSnapshot
{
    // Parts of another rendition that a report may lack. Renditions that advance in turn never cause a second rendering.
    private const int MostPartsBehind = 1;

    private readonly StreamTimeline _stream;
    private readonly string _rendition;
    private readonly RenditionReport[] _reports;
    private readonly long[] _parts;                         // of each rendition, in the stream's order

    private ReportSnapshot(StreamTimeline stream, string rendition, RenditionReport[] reports, long[] parts)
        => (_stream, _rendition, _reports, _parts) = (stream, rendition, reports, parts);

    public ReadOnlySpan<RenditionReport> Reports => _reports;

    /// <summary>Whether another rendition is two parts further or more, or was not there.</summary>
    public bool IsStale
    {
        get
        {
            ReadOnlySpan<RenditionTimeline> renditions = _stream.Renditions;
            for (int i = 0; i < renditions.Length; i++)
            {
                long known = i < _parts.Length ? _parts[i] : 0;
                if (renditions[i].Current.PartCount - known > MostPartsBehind && renditions[i].Name != _rendition) { return true; }
            }
            return false;
        }
    }

    /// <summary>Reads how far the renditions of <paramref name="stream"/> other than <paramref name="rendition"/> are.</summary>
    public static ReportSnapshot Take(StreamTimeline stream, string rendition)
    {
        ReadOnlySpan<RenditionTimeline> renditions = stream.Renditions;
        var reports = new List<RenditionReport>(renditions.Length);
        long[] parts = new long[renditions.Length];
        for (int i = 0; i < renditions.Length; i++)
        {
            PlaylistVersion version = renditions[i].Current;
            parts[i] = version.PartCount;
            if (renditions[i].Name == rendition || version.Position.IsEnded || version.LastPart is not { } last) { continue; }
            reports.Add(new RenditionReport($"../{renditions[i].Name}/playlist.m3u8", last.Msn, last.Part));
        }
        return new ReportSnapshot(stream, rendition, [.. reports], parts);
    }
}
