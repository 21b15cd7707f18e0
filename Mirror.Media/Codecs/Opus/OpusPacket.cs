namespace Mirror.Media.Codecs.Opus;

/// <summary>What the first bytes of an Opus packet say (RFC 6716 §3.1 and §3.2).</summary>
public static class OpusPacket
{
    /// <summary>Opus always decodes to 48 kHz.</summary>
    public const int SampleRate = 48_000;

    /// <summary>Most samples of a packet: 120 ms (§3.2.5, R5).</summary>
    public const int LargestDuration = 5_760;

    /// <summary>Samples at 48 kHz that the packet decodes to.</summary>
    /// <param name="packet">The packet, its TOC byte first.</param>
    /// <param name="samples">In [120, 5760].</param>
    /// <returns><see langword="false"/> when it is empty or lasts longer than 120 ms.</returns>
    public static bool TryReadDuration(ReadOnlySpan<byte> packet, out int samples)
    {   //  TOC: config(5) stereo(1) code(2)
        samples = 0;
        if (packet.IsEmpty) { return false; }
        int frames = (packet[0] & 3) switch { 0 => 1, 3 => packet.Length > 1 ? packet[1] & 0x3F : 0, _ => 2 };
        samples = frames * SamplesPerFrame(packet[0] >> 3);
        return samples is > 0 and <= LargestDuration;
    }

    /// <summary>Frame sizes by configuration number, Table 2.</summary>
    private static int SamplesPerFrame(int configuration) => configuration switch
    {
        < 12 => (configuration & 3) == 3 ? 2_880 : 480 << (configuration & 3),      // SILK: 10, 20, 40, 60 ms
        < 16 => 480 << (configuration & 1),                                         // hybrid: 10, 20 ms
        _ => 120 << (configuration & 3),                                            // CELT: 2.5, 5, 10, 20 ms
    };
}
