using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Makes the track of a rung from the parameter sets that its encoder wrote.</summary>
internal static class EncodedTrack
{
    private const int VideoTrackId = 1;

    /// <summary>The codec of a rung's track.</summary>
    public static Codec CodecOf(RungCodec codec) => codec switch
    {
        RungCodec.H265 => Codec.H265,
        RungCodec.Av1 => Codec.Av1,
        _ => Codec.H264,
    };

    /// <param name="plan">The rung.</param>
    /// <param name="header">The encoder's parameter sets as a byte stream, or its sequence header OBU.</param>
    /// <param name="frameRate">Frames per second at most; may be unknown.</param>
    /// <exception cref="FFmpegException">The encoder wrote parameter sets that cannot be read.</exception>
    public static VideoTrack Of(RungPlan plan, ReadOnlySpan<byte> header, Rational frameRate)
    {
        if (plan.Codec == RungCodec.Av1) { return OfAv1(header, frameRate); }
        List<byte[]> vps = [];
        List<byte[]> sps = [];
        List<byte[]> pps = [];
        bool isHevc = plan.Codec == RungCodec.H265;
        var units = new NalUnits(header);
        while (units.MoveNext())
        {
            if (units.Current.IsEmpty) { continue; }
            int type = isHevc ? (units.Current[0] >> 1) & 0x3F : units.Current[0] & 0x1F;
            List<byte[]>? sets = isHevc
                ? (H265NalUnitType)type switch { H265NalUnitType.Vps => vps, H265NalUnitType.Sps => sps, H265NalUnitType.Pps => pps, _ => null }
                : (H264NalUnitType)type switch { H264NalUnitType.Sps => sps, H264NalUnitType.Pps => pps, _ => null };
            sets?.Add(units.Current.ToArray());
        }
        return isHevc ? OfHevc(vps, sps, pps, frameRate) : OfAvc(sps, pps, frameRate);
    }

    private static VideoTrack OfAv1(ReadOnlySpan<byte> header, Rational frameRate)
    {
        var syntax = new Av1Syntax(VideoTrackId);
        syntax.BeginUnit();
        while (Av1Obu.TryRead(ref header, out Av1Obu obu)) { syntax.Read(obu); }
        return syntax.Picture.Track is { } track ? track with { FrameRate = frameRate } : throw Unreadable();
    }

    private static VideoTrack OfAvc(List<byte[]> sps, List<byte[]> pps, Rational frameRate)
    {
        if (sps.Count == 0 || pps.Count == 0 || !H264Sps.TryParse(sps[0], out H264Sps? active)) { throw Unreadable(); }
        return new VideoTrack
        {
            Id = VideoTrackId,
            Codec = Codec.H264,
            DecoderConfiguration = AvcDecoderConfiguration.Build(active!, sps, pps),
            CodecString = AvcDecoderConfiguration.CodecString(active!),
            Width = active!.Width,
            Height = active.Height,
            FrameRate = frameRate,
            SampleAspectRatio = active.Usability.SampleAspectRatio,
            Colour = active.Usability.Colour,
            ReorderDepth = active.ReorderDepth,
        };
    }

    private static VideoTrack OfHevc(List<byte[]> vps, List<byte[]> sps, List<byte[]> pps, Rational frameRate)
    {
        if (vps.Count == 0 || sps.Count == 0 || pps.Count == 0 || !H265Sps.TryParse(sps[0], out H265Sps? active)) { throw Unreadable(); }
        return new VideoTrack
        {
            Id = VideoTrackId,
            Codec = Codec.H265,
            DecoderConfiguration = HevcDecoderConfiguration.Build(active!, vps, sps, pps),
            CodecString = HevcDecoderConfiguration.CodecString(active!),
            Width = active!.Width,
            Height = active.Height,
            FrameRate = frameRate,
            SampleAspectRatio = active.Usability.SampleAspectRatio,
            Colour = active.Usability.Colour,
            ReorderDepth = active.ReorderDepth,
        };
    }

    private static FFmpegException Unreadable() => new("read the encoder's parameter sets", ffmpeg.AVERROR_INVALIDDATA);
}
