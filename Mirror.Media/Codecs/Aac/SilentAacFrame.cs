using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.Aac;

/// <summary>AAC frames that decode to silence (raw_data_block, ISO/IEC 14496-3 §4.4.2.1): each element has no scale factor band, and so no spectrum.</summary>
public static class SilentAacFrame
{
    private const int SingleChannel = 0;
    private const int ChannelPair = 1;
    private const int LowFrequency = 3;
    private const int End = 7;
    private const int ExtendedObjectType = 31;
    private const int ExplicitRate = 15;

    /// <summary>A silent frame for a decoder configuration.</summary>
    /// <param name="configuration">AudioSpecificConfig (§1.6.2.1).</param>
    /// <returns><see langword="null"/> where a program config element tells the channels, or channelConfiguration is not in [1, 7].</returns>
    public static byte[]? For(ReadOnlySpan<byte> configuration)
    {
        var reader = new BitReader(configuration);
        if (reader.ReadBits(5) == ExtendedObjectType) { reader.Skip(6); }
        if (reader.ReadBits(4) == ExplicitRate) { reader.Skip(24); }
        int[]? elements = reader.ReadBits(4) switch          // Table 1.19
        {
            1 => [SingleChannel],
            2 => [ChannelPair],
            3 => [SingleChannel, ChannelPair],
            4 => [SingleChannel, ChannelPair, SingleChannel],
            5 => [SingleChannel, ChannelPair, ChannelPair],
            6 => [SingleChannel, ChannelPair, ChannelPair, LowFrequency],
            7 => [SingleChannel, ChannelPair, ChannelPair, ChannelPair, LowFrequency],
            _ => null,
        };
        return elements is null || reader.Overrun ? null : Write(elements);
    }

    private static byte[] Write(int[] elements)
    {
        var bits = new List<bool>();
        for (int i = 0; i < elements.Length; i++)
        {
            Put(bits, elements[i], 3);                       // id_syn_ele
            Put(bits, elements.Take(i).Count(other => other == elements[i]), 4);     // element_instance_tag
            if (elements[i] != ChannelPair)
            {
                WriteChannel(bits, hasOwnInfo: true);
                continue;
            }
            Put(bits, 1, 1);                                 // common_window
            WriteInfo(bits);
            Put(bits, 0, 2);                                 // ms_mask_present
            WriteChannel(bits, hasOwnInfo: false);
            WriteChannel(bits, hasOwnInfo: false);
        }
        Put(bits, End, 3);
        byte[] bytes = new byte[(bits.Count + 7) / 8];
        for (int i = 0; i < bits.Count; i++) { bytes[i / 8] |= (byte)(bits[i] ? 0x80 >> (i % 8) : 0); }
        return bytes;
    }

    /// <summary>individual_channel_stream. Without bands there are no sections, scale factors and coefficients.</summary>
    private static void WriteChannel(List<bool> bits, bool hasOwnInfo)
    {
        Put(bits, 0, 8);                                     // global_gain
        if (hasOwnInfo) { WriteInfo(bits); }
        Put(bits, 0, 3);                                     // pulse_data_present, tns_data_present, gain_control_data_present
    }

    /// <summary>ics_info: one long window, max_sfb 0.</summary>
    private static void WriteInfo(List<bool> bits) => Put(bits, 0, 1 + 2 + 1 + 6 + 1);

    private static void Put(List<bool> bits, int value, int count)
    {
        for (int i = count - 1; i >= 0; i--) { bits.Add((value >> i & 1) != 0); }
    }
}
