using System.Buffers.Binary;
using FFmpeg.AutoGen;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Decodes one audio track: frames in, samples out.</summary>
internal sealed unsafe class AudioDecoder : Decoder
{
    /// <param name="track">The track.</param>
    /// <exception cref="FFmpegException">The decoder isn't there, or refuses the configuration.</exception>
    public AudioDecoder(AudioTrack track)
        : base(NameOf(track.Codec), track.Codec)
    {
        try
        {
            Context->sample_rate = track.SampleRate;
            Context->thread_count = 1;
            ffmpeg.av_channel_layout_default(&Context->ch_layout, track.Channels);
            byte[] configuration = track.Codec switch
            {
                Codec.Aac => track.DecoderConfiguration.ToArray(),
                Codec.Opus => OpusHead(track.DecoderConfiguration.Span),
                _ => [],                                     // each frame tells all
            };
            if (configuration.Length > 0) { SetConfiguration(configuration); }
            Open(track.CodecString);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static string NameOf(Codec codec) => codec switch
    {
        Codec.Aac => "aac",
        Codec.Opus => "libopus",                             // FFmpeg's own delays SILK frames without saying so
        Codec.MpegAudio => "mp3float",                       // of all three layers: the frame's header tells
        Codec.Ac3 => "ac3",
        Codec.Eac3 => "eac3",
        _ => "",
    };

    /// <summary>The identification header of RFC 7845 §5.1, which says what <c>dOps</c> says, in the other byte order.</summary>
    private static byte[] OpusHead(ReadOnlySpan<byte> dops)
    {
        const int FixedLength = 11;
        if (dops.Length < FixedLength) { return []; }
        byte[] head = [.. "OpusHead"u8, 1, .. dops[1..]];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 0);        // pre-skip: timestamps account for it already
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), BinaryPrimitives.ReadUInt32BigEndian(dops[4..]));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(16), BinaryPrimitives.ReadUInt16BigEndian(dops[8..]));
        return head;
    }
}
