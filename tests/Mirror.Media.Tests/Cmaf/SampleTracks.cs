using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>One track of each codec that Mirror delivers, with the decoder configurations that FFmpeg writes for such streams.</summary>
internal static class SampleTracks
{
    /// <summary>Anamorphic: 720 × 576 of 16:15 is shown 768 wide.</summary>
    public static VideoTrack H264 { get; } = new()
    {
        Id = 1,
        Codec = Codec.H264,
        CodecString = "avc1.64001E",
        Width = 720,
        Height = 576,
        SampleAspectRatio = new(16, 15),
        Colour = new(1, 1, 1, FullRange: false),
        DecoderConfiguration = Convert.FromHexString("0164001EFFE10028" + "6764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C0" + "010005" + "68FBACB22C" + "FDF8F800"),
    };

    /// <summary>Ten bits, PQ.</summary>
    public static VideoTrack H265 { get; } = new()
    {
        Id = 1,
        Codec = Codec.H265,
        CodecString = "hvc1.2.4.L90.90",
        Width = 642,
        Height = 362,
        Colour = new(9, 16, 9, FullRange: false),
        DecoderConfiguration = Convert.FromHexString("010220000000900000000000" + "5AF000FCFDFAFA00000F03"
            + "A000010018" + "40010C01FFFF02200000030090000003000003005A959409"
            + "A100010038" + "42010102200000030090000003000003005AA005120171C92365959649395E02D42440241000003E90000EA60609C987E000F424001E8488"
            + "A200010007" + "4401C172B46240"),
    };

    /// <summary>Full range; no sample aspect ratio is known.</summary>
    public static VideoTrack Av1 { get; } = new()
    {
        Id = 1,
        Codec = Codec.Av1,
        CodecString = "av01.0.00M.08",
        Width = 320,
        Height = 180,
        SampleAspectRatio = Rational.Unknown,
        Colour = new(2, 2, 2, FullRange: true),
        DecoderConfiguration = Convert.FromHexString("81000C00" + "0A0B000000043CFECCFBF90040"),
    };

    public static AudioTrack Aac { get; } = Audio(Codec.Aac, "mp4a.40.2", 48_000, 2, "1190");

    /// <summary>96 kHz, which does not fit the field of the sample entry.</summary>
    public static AudioTrack AacOf96KHz { get; } = Audio(Codec.Aac, "mp4a.40.2", 96_000, 2, "1010");

    public static AudioTrack Opus { get; } = Audio(Codec.Opus, "opus", 48_000, 2, "00020000" + "0000BB80" + "000000");

    public static AudioTrack OpusSurround { get; } = Audio(Codec.Opus, "opus", 48_000, 6, "00060000" + "0000BB80" + "000001" + "0402000401020305");

    /// <summary>5.1, 384 kbit/s.</summary>
    public static AudioTrack Ac3 { get; } = Audio(Codec.Ac3, "ac-3", 48_000, 6, "103DC0");

    /// <summary>Stereo at 44.1 kHz, 128 kbit/s.</summary>
    public static AudioTrack Eac3 { get; } = Audio(Codec.Eac3, "ec-3", 44_100, 2, "0400600400");

    private static AudioTrack Audio(Codec codec, string codecString, int sampleRate, int channels, string configuration) => new()
    {
        Id = 2,
        Codec = codec,
        CodecString = codecString,
        SampleRate = sampleRate,
        Channels = channels,
        DecoderConfiguration = Convert.FromHexString(configuration),
    };
}
