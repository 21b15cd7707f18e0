namespace Mirror.Media.MpegTs;

/// <summary>The CRC of PSI sections (ITU-T H.222.0 Annex A): polynomial 0x04C11DB7, all ones at the start, most significant bit first.</summary>
public static class Crc32Mpeg2
{
    private const uint Polynomial = 0x04C1_1DB7;
    private static readonly uint[] Table = CreateTable();

    /// <summary>The CRC of <paramref name="bytes"/>; over a section with its own CRC at the end it is 0.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes) { crc = (crc << 8) ^ Table[(crc >> 24) ^ value]; }
        return crc;
    }

    private static uint[] CreateTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint crc = i << 24;
            for (int bit = 0; bit < 8; bit++) { crc = (crc << 1) ^ ((crc >> 31) * Polynomial); }
            table[i] = crc;
        }
        return table;
    }
}
