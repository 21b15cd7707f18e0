using Mirror.Media.Frames;

namespace Mirror.Media.Cmaf;

/// <summary>
/// Sample entries: <c>avc1</c>, <c>hvc1</c> (ISO/IEC 14496-15), <c>av01</c> (AV1 in ISOBMFF §2.2), <c>mp4a</c> (ISO/IEC 14496-14), <c>Opus</c>,
/// <c>ac-3</c> and <c>ec-3</c> (ETSI TS 102 366 Annex F). Codecs that are not deliverable have none.
/// </summary>
internal static class SampleEntry
{
    private const uint SeventyTwoDpi = 0x0048_0000;
    private const int CompressorNameLength = 32;
    private const int Depth24 = 0x0018;
    private const int SampleSize16 = 16;

    public static void Write(BoxWriter output, Track track)
    {
        switch (track)
        {
            case VideoTrack video: WriteVisual(output, video); break;
            case AudioTrack audio: WriteAudio(output, audio); break;
        }
    }

    private static void WriteVisual(BoxWriter output, VideoTrack track)
    {
        output.Begin(track.Codec switch
        {
            Codec.H264 => "avc1"u8,
            Codec.H265 => "hvc1"u8,
            Codec.Av1 => "av01"u8,
            _ => throw new ArgumentException($"{track.Codec} has no sample entry.", nameof(track)),
        });
        output.Zero(6);
        output.UInt16(1);                                    // data_reference_index
        output.Zero(16);
        output.UInt16(track.Width);
        output.UInt16(track.Height);
        output.UInt32(SeventyTwoDpi);
        output.UInt32(SeventyTwoDpi);
        output.UInt32(0);
        output.UInt16(1);                                    // frame_count
        output.Zero(CompressorNameLength);
        output.UInt16(Depth24);
        output.UInt16(0xFFFF);
        output.Begin(track.Codec switch { Codec.H264 => "avcC"u8, Codec.H265 => "hvcC"u8, _ => "av1C"u8 });
        output.Bytes(track.DecoderConfiguration.Span);
        output.End();
        WriteColour(output, track.Colour);
        WriteAspect(output, track.SampleAspectRatio);
        output.End();
    }

    private static void WriteColour(BoxWriter output, ColourDescription colour)
    {
        output.Begin("colr"u8);
        output.Bytes("nclx"u8);
        output.UInt16(colour.Primaries);
        output.UInt16(colour.Transfer);
        output.UInt16(colour.Matrix);
        output.Byte(colour.FullRange ? 0x80 : 0);
        output.End();
    }

    private static void WriteAspect(BoxWriter output, Rational aspect)
    {
        if (!aspect.IsKnown) { return; }
        output.Begin("pasp"u8);
        output.UInt32(aspect.Numerator);
        output.UInt32(aspect.Denominator);
        output.End();
    }

    private static void WriteAudio(BoxWriter output, AudioTrack track)
    {
        output.Begin(track.Codec switch
        {
            Codec.Aac => "mp4a"u8,
            Codec.Opus => "Opus"u8,
            Codec.Ac3 => "ac-3"u8,
            Codec.Eac3 => "ec-3"u8,
            _ => throw new ArgumentException($"{track.Codec} has no sample entry.", nameof(track)),
        });
        output.Zero(6);
        output.UInt16(1);                                    // data_reference_index
        output.Zero(8);
        output.UInt16(track.Channels);
        output.UInt16(SampleSize16);
        output.UInt32(0);
        output.UInt32(track.SampleRate > ushort.MaxValue ? 0 : (uint)track.SampleRate << 16);
        if (track.Codec == Codec.Aac) { WriteElementaryStreamDescriptor(output, track.DecoderConfiguration.Span); }
        else
        {
            output.Begin(track.Codec switch { Codec.Opus => "dOps"u8, Codec.Ac3 => "dac3"u8, _ => "dec3"u8 });
            output.Bytes(track.DecoderConfiguration.Span);
            output.End();
        }
        output.End();
    }

    /// <summary>The <c>esds</c> box: descriptors 3 (ES) ⊃ 4 (decoder configuration) ⊃ 5 (AudioSpecificConfig), then 6 (SL).</summary>
    private static void WriteElementaryStreamDescriptor(BoxWriter output, ReadOnlySpan<byte> audioSpecificConfig)
    {
        const int HeaderLength = 5;                          // tag(8) and a length of four bytes
        int decoderLength = 13 + HeaderLength + audioSpecificConfig.Length;
        output.BeginFull("esds"u8);
        WriteDescriptor(output, 3, 3 + HeaderLength + decoderLength + HeaderLength + 1);
        output.UInt16(0);                                    // ES_ID: 0 in a file (ISO/IEC 14496-14 §3.1.2), tracks are told apart by track_ID
        output.Byte(0);
        WriteDescriptor(output, 4, decoderLength);
        output.Byte(0x40);                                   // objectTypeIndication: MPEG-4 audio
        output.Byte(5 << 2 | 1);                             // streamType audio
        output.UInt24(0);                                    // bufferSizeDB
        output.UInt32(0);                                    // maxBitrate: not known
        output.UInt32(0);                                    // avgBitrate: not known
        WriteDescriptor(output, 5, audioSpecificConfig.Length);
        output.Bytes(audioSpecificConfig);
        WriteDescriptor(output, 6, 1);
        output.Byte(2);                                      // SL: predefined for MP4
        output.End();
    }

    private static void WriteDescriptor(BoxWriter output, int tag, int length)
    {
        output.Byte(tag);
        output.Byte(0x80 | length >> 21);
        output.Byte(0x80 | length >> 14);
        output.Byte(0x80 | length >> 7);
        output.Byte(length & 0x7F);
    }
}
