using System.Buffers;
using Mirror.Media.Frames;
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
        var video = new List<RenditionTimeline>();
        var audio = new List<RenditionTimeline>();
        bool anyLive = false;
        foreach (RenditionTimeline rendition in renditions) { anyLive |= rendition.IsPlayable && !rendition.Current.Position.IsEnded; }
        foreach (RenditionTimeline rendition in renditions)
        {
            if (!rendition.IsPlayable || (anyLive && rendition.Current.Position.IsEnded)) { continue; }
            (rendition.IsVideo ? video : audio).Add(rendition);
        }
        var output = new ArrayBufferWriter<byte>(1024);
        MultivariantPlaylistWriter.Write(Describe(video, audio), output);
        byte[] text = output.WrittenSpan.ToArray();
        return new MultivariantVersion(revision, text, Gzip.Compress(text));
    }

    private static MultivariantPlaylist Describe(List<RenditionTimeline> video, List<RenditionTimeline> audio)
    {
        bool independent = video.Concat(audio).All(rendition => rendition.Current.Playlist.IndependentSegments);
        if (video.Count == 0)
        {
            // Sound alone: each rendition is a variant of its own, since there is no video for a group to belong to.
            return new MultivariantPlaylist([.. audio.Select(rendition => ToVariant(rendition, []))], [], independent);
        }
        AudioRendition[] group = [.. audio.Select((rendition, index) =>
            new AudioRendition(rendition.Name, UriOf(rendition), (rendition.Current.Init?.Track as AudioTrack)?.Channels ?? 2, IsDefault: index == 0))];
        return new MultivariantPlaylist([.. video.Select(rendition => ToVariant(rendition, audio))], group, independent);
    }

    // BANDWIDTH is that of the variant with the largest member of its group; CODECS names every format of the group.
    private static Variant ToVariant(RenditionTimeline rendition, List<RenditionTimeline> audio)
    {
        long bandwidth = rendition.Rates.Bandwidth + (audio.Count > 0 ? audio.Max(sound => sound.Rates.Bandwidth) : 0);
        long average = rendition.Rates.AverageBandwidth + (audio.Count > 0 ? audio.Max(sound => sound.Rates.AverageBandwidth) : 0);
        Track? track = rendition.Current.Init?.Track;
        string codecs = string.Join(',', audio.Prepend(rendition).Select(member => member.Current.Init?.Track.CodecString).Distinct(StringComparer.Ordinal));
        return new Variant(UriOf(rendition), bandwidth, average, codecs, track as VideoTrack, HasAudioGroup: audio.Count > 0);
    }

    private static string UriOf(RenditionTimeline rendition) => $"{rendition.Name}/playlist.m3u8";
}
