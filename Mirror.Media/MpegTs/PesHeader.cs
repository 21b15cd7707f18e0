using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>The header of a PES packet (ITU-T H.222.0 §2.4.3.6).</summary>
public readonly record struct PesHeader
{   //  00 00 01 stream_id(8) PES_packet_length(16) | '10' scrambling(2) priority alignment copyright original | PTS_DTS(2) ESCR ES_rate trick copy CRC ext
    //  | PES_header_data_length(8) | PTS(40)? DTS(40)? …

    /// <summary>Bytes up to PES_packet_length: all that some kinds of stream have.</summary>
    public const int ShortLength = 6;

    /// <summary>Bytes that must be there before the whole length of the header is known.</summary>
    public const int FixedLength = 9;

    /// <summary>Most bytes of a header.</summary>
    public const int LargestLength = FixedLength + 255;

    /// <summary>A timestamp that is absent.</summary>
    public const long NoTimestamp = -1;

    /// <summary>stream_id.</summary>
    public byte StreamId { get; private init; }

    /// <summary>Bytes of the whole PES packet; 0 when its length is not given and the next packet's start ends it.</summary>
    public int PacketLength { get; private init; }

    /// <summary>Bytes of the header; the payload follows.</summary>
    public int Length { get; private init; }

    /// <summary>PES_scrambling_control is not zero.</summary>
    public bool IsScrambled { get; private init; }

    /// <summary>Presentation time in 90 kHz ticks, in [0, 2^33); <see cref="NoTimestamp"/> when absent.</summary>
    public long Pts33 { get; private init; }

    /// <summary>Decoding time in 90 kHz ticks, in [0, 2^33); <see cref="NoTimestamp"/> when absent, which means the same as PTS.</summary>
    public long Dts33 { get; private init; }

    /// <summary>Whether a stream_id has the long header (§2.4.3.7, Table 2-21).</summary>
    public static bool HasLongHeader(byte streamId) => streamId is not (0xBC or 0xBE or 0xBF or 0xF0 or 0xF1 or 0xF2 or 0xF8 or 0xFF);

    /// <summary>Bytes needed to call <see cref="TryParse"/>, as far as <paramref name="bytes"/> tell; at least one more than given when more are needed.</summary>
    public static int LengthNeeded(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < ShortLength) { return ShortLength; }
        if (!HasLongHeader(bytes[3])) { return ShortLength; }
        return bytes.Length < FixedLength ? FixedLength : FixedLength + bytes[8];
    }

    /// <summary>Reads the header at the start of <paramref name="bytes"/>, which hold at least <see cref="LengthNeeded"/>.</summary>
    /// <returns><see langword="false"/> when there is no start code, too little is there, or the lengths disagree.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out PesHeader header)
    {
        header = default;
        if (bytes.Length < ShortLength || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 1 || bytes.Length < LengthNeeded(bytes)) { return false; }
        byte streamId = bytes[3];
        int declared = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        int packetLength = declared == 0 ? 0 : ShortLength + declared;
        if (!HasLongHeader(streamId))
        {
            header = new PesHeader { StreamId = streamId, PacketLength = packetLength, Length = ShortLength, Pts33 = NoTimestamp, Dts33 = NoTimestamp };
            return true;
        }
        int length = FixedLength + bytes[8];
        if ((bytes[6] & 0xC0) != 0x80 || (packetLength != 0 && length > packetLength)) { return false; }

        bool hasPts = (bytes[7] & 0x80) != 0 && bytes[8] >= 5;
        bool hasDts = (bytes[7] & 0xC0) == 0xC0 && bytes[8] >= 10;
        header = new PesHeader
        {
            StreamId = streamId,
            PacketLength = packetLength,
            Length = length,
            IsScrambled = (bytes[6] & 0x30) != 0,
            Pts33 = hasPts ? ReadTimestamp(bytes[9..]) : NoTimestamp,
            Dts33 = hasDts ? ReadTimestamp(bytes[14..]) : NoTimestamp,
        };
        return true;
    }

    /// <summary>prefix(4) v[32..30] 1 v[29..15] 1 v[14..0] 1. Marker bits are not checked: some encoders leave them 0, and what is damaged does not fit its neighbours.</summary>
    private static long ReadTimestamp(ReadOnlySpan<byte> field)
        => ((long)(field[0] & 0x0E) << 29) | ((long)field[1] << 22) | ((long)(field[2] & 0xFE) << 14) | ((long)field[3] << 7) | (long)(field[4] >> 1);
}
