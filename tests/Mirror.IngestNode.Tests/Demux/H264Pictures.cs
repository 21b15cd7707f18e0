using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Hand-made H.264 access units in Annex B: real parameter sets, real slice headers, meaningless slice data.</summary>
internal static class H264Pictures
{
    /// <summary>1920 × 1080 at 25, no reordering; the VUI gives the rate.</summary>
    public static readonly byte[] Sps = Convert.FromHexString("6742C028DA01E0089F97011000000300100000030320F1832A");
    public static readonly byte[] Pps = Convert.FromHexString("68CE0FC8");
    /// <summary>The same without VUI.</summary>
    public static readonly byte[] SilentSps = [.. Sps[..9], 0xE8];
    /// <summary>720 × 576, pictures may be fields; eight bits of frame_num at most.</summary>
    public static readonly byte[] FieldSps = Convert.FromHexString("6764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C0");
    public static readonly byte[] FieldPps = Convert.FromHexString("68FBACB22C");
    public static readonly byte[] RecoveryPoint = [0x06, 0x06, 0x01, 0xC4, 0x80];      // recovery_frame_cnt 0
    public static readonly byte[] GradualRecovery = [0x06, 0x06, 0x01, 0x18, 0x80];
    private static readonly byte[] Delimiter = [0x09, 0xF0];

    public static byte[] Idr(int size = 700, byte seed = 1) => Unit(Delimiter, Sps, Pps, Slice(0x65, "0001000", size, seed));

    public static byte[] Intra(int size = 700, byte seed = 1, bool withRecoveryPoint = true)
        => withRecoveryPoint ? Unit(Delimiter, Sps, Pps, RecoveryPoint, Slice(0x41, "0001000", size, seed)) : Unit(Delimiter, Sps, Pps, Slice(0x41, "0001000", size, seed));

    public static byte[] P(int size = 300, byte seed = 2) => Unit(Delimiter, Slice(0x41, "00110", size, seed));

    public static byte[] B(int size = 200, byte seed = 3) => Unit(Delimiter, Slice(0x01, "00111", size, seed));

    public static byte[] Unit(params ReadOnlySpan<byte[]> nalUnits)
    {
        List<byte> bytes = [];
        foreach (byte[] nalUnit in nalUnits)
        {
            bytes.AddRange(bytes.Count == 0 ? [0, 0, 0, 1] : (ReadOnlySpan<byte>)[0, 0, 1]);
            bytes.AddRange(nalUnit);
        }
        return [.. bytes];
    }

    /// <summary>A first slice: first_mb_in_slice 0, slice_type, pic_parameter_set_id 0, and noise without start codes.</summary>
    public static byte[] Slice(byte header, string sliceType, int size, byte seed, bool isFirst = true) => Bits(header, (isFirst ? "1" : "010") + sliceType + "1", size, seed);

    /// <summary>A field of <see cref="FieldSps"/> with the given frame_num of four bits.</summary>
    public static byte[] Field(byte header, string sliceType, int frameNum, bool isBottom, int size = 200, byte seed = 5)
        => Bits(header, "1" + sliceType + "1" + Convert.ToString(frameNum, 2).PadLeft(FieldFrameNumBits, '0') + "1" + (isBottom ? "1" : "0") + ((header & 0x1F) == 5 ? "1" : ""), size, seed);

    private static readonly int FieldFrameNumBits = ParseFrameNumBits();

    private static int ParseFrameNumBits()
    {
        Assert.True(Media.Codecs.H264.H264Sps.TryParse(FieldSps, out Media.Codecs.H264.H264Sps? sps));
        return sps!.FrameNumBits;
    }

    private static byte[] Bits(byte header, string bits, int size, byte seed)
    {
        var bytes = new byte[size];
        bytes[0] = header;
        for (int i = 1; i < size; i++) { bytes[i] = (byte)(0x40 | ((i * 31 + seed * 7) & 0x3F)); }
        for (int i = 0; i < bits.Length; i++)
        {
            byte mask = (byte)(0x80 >> (i % 8));
            bytes[1 + i / 8] = bits[i] == '1' ? (byte)(bytes[1 + i / 8] | mask) : (byte)(bytes[1 + i / 8] & ~mask);
        }
        return bytes;
    }

    /// <summary>An ADTS frame, AAC-LC, 48 kHz, stereo.</summary>
    public static byte[] Adts(int size = 100, byte seed = 9)
    {
        int length = size + 7;
        return [0xFF, 0xF1, 0x4C, (byte)(0x80 | (length >> 11)), (byte)(length >> 3), (byte)((length << 5) | 0x1F), 0xFC, .. Enumerable.Range(0, size).Select(i => (byte)((i * 13 + seed) & 0x7F))];
    }

    public static string Letters(IEnumerable<DemuxRun.Unit> units) => string.Concat(units.Select(u => u.FrameType switch
    {
        FrameType.Key => 'K',
        FrameType.Intra => 'I',
        FrameType.Predicted => 'P',
        FrameType.Bidirectional => 'B',
        _ => '?',
    }));
}
