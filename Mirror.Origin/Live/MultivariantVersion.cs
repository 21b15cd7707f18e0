using System.Buffers;
using Mirror.Media.Playlists;

namespace Mirror.Origin.Live;

/// <summary>One state of a stream's multivariant playlist, as served. Immutable.</summary>
/// <param name="Revision">The stream's state that it shows.</param>
/// <param name="Text">UTF-8.</param>
/// <param name="GzipText">The same, compressed.</param>
internal sealed record MultivariantVersion(int Revision, byte[] Text, byte[] GzipText)
{
    public static MultivariantVersion Create(int revision, ReadOnlySpan<RenditionTimeline> renditions)
    {
        var video = new List<OfferedRendition>();
        var audio = new List<OfferedRendition>();
        bool anyLive = false;
        bool independent = true;
        foreach (RenditionTimeline rendition in renditions) { anyLive |= rendition.IsPlayable && !rendition.Current.Position.IsEnded; }
        foreach (RenditionTimeline rendition in renditions)
        {
            PlaylistVersion version = rendition.Current;
            if (!rendition.IsPlayable || version.Init is not { } init || (anyLive && version.Position.IsEnded)) { continue; }
            (rendition.IsVideo ? video : audio).Add(new OfferedRendition(rendition.Name, init.Track, rendition.Rates.Bandwidth, rendition.Rates.AverageBandwidth));
            independent &= version.Playlist.IndependentSegments;
        }
        var output = new ArrayBufferWriter<byte>(1024);
        MultivariantPlaylistWriter.Write(Presentation.Describe(video, audio, independent), output);
        byte[] text = output.WrittenSpan.ToArray();
        return new MultivariantVersion(revision, text, Gzip.Compress(text));
    }
}
