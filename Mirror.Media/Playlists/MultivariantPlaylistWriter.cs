using System.Buffers;
using Mirror.Media.Frames;

namespace Mirror.Media.Playlists;

/// <summary>Writes a multivariant playlist as UTF-8 (draft-pantos-hls-rfc8216bis §4.4.6).</summary>
public static class MultivariantPlaylistWriter
{
    private const byte TransferPq = 16;      // ITU-T H.273 transfer characteristics
    private const byte TransferHlg = 18;

    /// <summary>Writes <paramref name="playlist"/> to <paramref name="output"/>.</summary>
    public static void Write(MultivariantPlaylist playlist, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(playlist);
        ArgumentNullException.ThrowIfNull(output);
        var text = new PlaylistTextWriter(output);
        text.Write("#EXTM3U\n#EXT-X-VERSION:9\n"u8);
        if (playlist.IndependentSegments) { text.Write("#EXT-X-INDEPENDENT-SEGMENTS\n"u8); }
        foreach (AudioRendition audio in playlist.Audio) { WriteAudio(text, audio); }
        if (playlist.Captions is { } captions) { WriteCaptions(text, captions); }
        foreach (Variant variant in playlist.Variants) { WriteVariant(text, variant); }
    }

    private static void WriteAudio(PlaylistTextWriter text, AudioRendition audio)
    {
        text.Write("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\""u8);
        text.Write(audio.GroupId);
        text.Write("\",NAME=\""u8);
        text.Write(audio.Name);
        if (audio.Language is { } language)
        {
            text.Write("\",LANGUAGE=\""u8);
            text.Write(language);
        }
        if (audio.Characteristics is { } characteristics)
        {
            text.Write("\",CHARACTERISTICS=\""u8);
            text.Write(characteristics);
        }
        text.Write(audio.IsDefault ? "\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\""u8 : "\",DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\""u8);
        text.Write(audio.Channels);
        text.Write("\",URI=\""u8);
        text.Write(audio.Uri);
        text.Write("\"\n"u8);
    }

    /// <summary>Writes the group of captions, CC1 to CC4 last.</summary>
    /// <remarks>hls.js takes CC1 and SERVICE1 for one track, reads CTA-608 only, and keeps the last name.</remarks>
    private static void WriteCaptions(PlaylistTextWriter text, CaptionServices captions)
    {
        for (int i = captions.Services.Count - 1; i >= 0; i--) { WriteCaptions(text, captions.Services[i]); }
    }

    private static void WriteCaptions(PlaylistTextWriter text, CaptionService service)
    {
        text.Write("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\""u8);
        text.Write(service.InstreamId);
        if (service.Language is { } language)
        {
            text.Write("\",LANGUAGE=\""u8);
            text.Write(language);
        }
        text.Write("\",INSTREAM-ID=\""u8);
        text.Write(service.InstreamId);
        text.Write("\"\n"u8);
    }

    private static void WriteVariant(PlaylistTextWriter text, Variant variant)
    {
        text.Write("#EXT-X-STREAM-INF:BANDWIDTH="u8);
        text.Write(variant.Bandwidth);
        text.Write(",AVERAGE-BANDWIDTH="u8);
        text.Write(variant.AverageBandwidth);
        text.Write(",CODECS=\""u8);
        text.Write(variant.Codecs);
        text.Write("\""u8);
        if (variant.Video is { } video) { WriteVideo(text, video); }
        if (variant.AudioGroup is { } group)
        {
            text.Write(",AUDIO=\""u8);
            text.Write(group);
            text.Write("\""u8);
        }

        // A variant without captions has no attribute: NONE would have to stand at all variants.
        if (variant.Video?.Captions is not null) { text.Write(",CLOSED-CAPTIONS=\"cc\""u8); }
        text.Write("\n"u8);
        text.Write(variant.Uri);
        text.Write("\n"u8);
    }

    private static void WriteVideo(PlaylistTextWriter text, VideoTrack video)
    {
        text.Write(",RESOLUTION="u8);
        text.Write(video.Width);
        text.Write("x"u8);
        text.Write(video.Height);
        if (video.FrameRate.IsKnown)
        {
            long thousandths = (video.FrameRate.Numerator * 1000L + video.FrameRate.Denominator / 2) / video.FrameRate.Denominator;
            text.Write(",FRAME-RATE="u8);
            text.Write(thousandths / 1000);
            text.Write("."u8);
            text.Write(thousandths / 100 % 10);
            text.Write(thousandths / 10 % 10);
            text.Write(thousandths % 10);
        }
        text.Write(video.Colour.Transfer switch
        {
            TransferPq => ",VIDEO-RANGE=PQ"u8,
            TransferHlg => ",VIDEO-RANGE=HLG"u8,
            _ => ",VIDEO-RANGE=SDR"u8,
        });
    }
}
