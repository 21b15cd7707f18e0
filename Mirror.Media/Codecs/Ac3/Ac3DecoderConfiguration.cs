using System.Buffers.Binary;

namespace Mirror.Media.Codecs.Ac3;

/// <summary>The bodies of <c>dac3</c> and <c>dec3</c> (ETSI TS 102 366 §F.4 and §F.6).</summary>
public static class Ac3DecoderConfiguration
{
    private const int Dac3Length = 3;
    private const int Dec3Length = 5;                        // of one independent substream
    private const int ExtendedLength = 6;                    // with channels of dependent substreams
    private const int LargestDataRate = 0x1FFF;              // kbit/s, 13 bits
    private const int MostDependents = 15;

    /// <summary>The codec string (RFC 6381; registered as 'ac-3' and 'ec-3').</summary>
    public static string CodecString(in Ac3Header header) => header.IsEnhanced ? "ec-3" : "ac-3";

    /// <summary>Writes the body for frames that start with <paramref name="header"/>.</summary>
    /// <param name="header">The independent substream's first syncframe.</param>
    /// <param name="dependents">Dependent substreams of E-AC-3 that go with it.</param>
    /// <param name="bitrate">Bits per second of all of them; of AC-3 the header tells.</param>
    public static byte[] Build(in Ac3Header header, int dependents, long bitrate)
        => header.IsEnhanced ? BuildEnhanced(header, Math.Min(dependents, MostDependents), bitrate) : BuildPlain(header);

    private static byte[] BuildPlain(in Ac3Header header)
    {   //  fscod(2) bsid(5) bsmod(3) acmod(3) lfeon(1) bit_rate_code(5) reserved(5)
        int bits = header.Fscod << 22 | header.Bsid << 17 | header.Bsmod << 14 | header.Acmod << 11 | (header.HasLfe ? 1 << 10 : 0) | header.BitRateCode << 5;
        var body = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(body, bits << 8);
        return body[..Dac3Length];
    }

    private static byte[] BuildEnhanced(in Ac3Header header, int dependents, long bitrate)
    {   //  data_rate(13) num_ind_sub(3) | fscod(2) bsid(5) reserved(1) asvc(1) bsmod(3) acmod(3) lfeon(1) reserved(3) num_dep_sub(4) { chan_loc(9) | reserved(1) }
        var body = new byte[dependents > 0 ? ExtendedLength : Dec3Length];
        long kbps = Math.Min((bitrate + 500) / 1_000, LargestDataRate);
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)(kbps << 3));
        body[2] = (byte)(header.Fscod << 6 | header.Bsid << 1);
        body[3] = (byte)(header.Bsmod << 4 | header.Acmod << 1 | (header.HasLfe ? 1 : 0));
        body[4] = (byte)(dependents << 1);                   // chan_loc stays 0: the decoder reads the substreams' own channel maps
        return body;
    }
}
