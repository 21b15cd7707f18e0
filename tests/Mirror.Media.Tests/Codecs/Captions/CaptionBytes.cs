using System.Buffers.Binary;
using System.Numerics;
using Mirror.Media.Bits;
using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Captions;

namespace Mirror.Media.Tests.Codecs.Captions;

/// <summary>Makes captions: words of CTA-608, packets of CTA-708, and the SEI NAL units that carry them.</summary>
public static class CaptionBytes
{
    /// <summary>A pair of line 21, with parity, as cc_data.</summary>
    public static byte[] Line21(int field, int first, int second) => [(byte)(0xFC | field), Odd(first), Odd(second)];

    /// <summary>A filler, as encoders send it all the time.</summary>
    public static byte[] Filler(int field) => Line21(field, 0, 0);

    /// <summary>A packet of CTA-708 with one block of each service, as cc_data.</summary>
    public static byte[] Packet(params int[] services)
    {
        List<byte> packet = [0];
        foreach (int service in services)
        {
            if (service < 7) { packet.Add((byte)(service << 5 | 2)); }
            else { packet.AddRange([7 << 5 | 2, (byte)service]); }
            packet.AddRange("ok"u8);
        }
        if (packet.Count % 2 != 0) { packet.Add(0); }
        packet[0] = (byte)(packet.Count / 2);
        return [.. packet.Chunk(2).SelectMany((pair, i) => (byte[])[(byte)(i == 0 ? 0xFF : 0xFE), .. pair])];
    }

    /// <summary>The message of an SEI NAL unit: type and size come before it.</summary>
    public static byte[] Message(params byte[][] data)
    {
        byte[] triplets = [.. data.SelectMany(static bytes => bytes)];
        return [0xB5, 0x00, 0x31, .. "GA94"u8, 0x03, (byte)(0xC0 | triplets.Length / 3), 0xFF, .. triplets, 0xFF];
    }

    /// <summary>An SEI NAL unit of H.264, or H.265, with its emulation prevention bytes.</summary>
    public static byte[] Sei(byte[] message, bool isHevc = false)
    {
        List<byte> unit = isHevc ? [39 << 1, 1] : [6];
        int zeros = 0;
        foreach (byte value in (byte[])[4, (byte)message.Length, .. message, 0x80])
        {
            if (zeros == 2 && value <= 3)
            {
                unit.Add(3);
                zeros = 0;
            }
            unit.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }
        return [.. unit];
    }

    /// <summary>A sample: NAL units behind their lengths.</summary>
    public static byte[] Sample(params byte[][] units)
    {
        List<byte> sample = [];
        foreach (byte[] unit in units)
        {
            byte[] length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, unit.Length);
            sample.AddRange([.. length, .. unit]);
        }
        return [.. sample];
    }

    /// <summary>The cc_data of a sample of H.264 or H.265.</summary>
    public static byte[] TripletsOf(ReadOnlySpan<byte> sample)
    {
        List<byte> found = [];
        while (!sample.IsEmpty)
        {
            ReadOnlySpan<byte> unit = sample.Slice(4, BinaryPrimitives.ReadInt32BigEndian(sample));
            sample = sample[(4 + unit.Length)..];
            AddTriplets(unit, found);
        }
        return [.. found];
    }

    /// <summary>The cc_data of a byte stream, with start codes.</summary>
    public static byte[] TripletsOfStream(ReadOnlySpan<byte> stream)
    {
        List<byte> found = [];
        for (int start = StartCode.IndexOf(stream); start >= 0;)
        {
            stream = stream[(start + StartCode.Length)..];
            start = StartCode.IndexOf(stream);
            AddTriplets(start < 0 ? stream : stream[..start], found);
        }
        return [.. found];
    }

    private static void AddTriplets(ReadOnlySpan<byte> unit, List<byte> found)
    {
        int header = unit.IsEmpty ? 0 : unit[0] == 6 ? 1 : unit[0] == 39 << 1 ? 2 : 0;
        if (header == 0) { return; }
        var reader = new SeiReader(Rbsp.Unescape(unit[header..], new byte[unit.Length]));
        while (reader.TryRead(out int type, out ReadOnlySpan<byte> payload))
        {
            if (type == SeiReader.RegisteredUserData && CaptionData.TryRead(payload, out ReadOnlySpan<byte> triplets)) { found.AddRange(triplets); }
        }
    }

    private static byte Odd(int value) => (byte)(BitOperations.PopCount((uint)value) % 2 == 0 ? value | 0x80 : value);
}
