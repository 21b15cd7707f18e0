using Mirror.Media.Bits;
using Mirror.Media.Codecs.Aac;

namespace Mirror.Media.Tests.Codecs.Aac;

public class AacTests
{
    [Fact]
    public void Adts_header()
    {   //  MPEG-4, no CRC, LC, 48 kHz, stereo, 0x155 bytes
        byte[] bytes = [0xFF, 0xF1, 0x4C, 0x80, 0x2A, 0xBF, 0xFC];
        Assert.True(AdtsHeader.TryParse(bytes, out AdtsHeader header));
        Assert.Equal((2, 3, 2, 0x155, 7, 1), (header.ObjectType, header.RateIndex, header.ChannelConfiguration, header.FrameLength, header.HeaderLength, header.RawDataBlocks));
        for (int length = 0; length < bytes.Length; length++) { Assert.False(AdtsHeader.TryParse(bytes.AsSpan(0, length), out _)); }
        bytes[1] = 0xF0;
        Assert.True(AdtsHeader.TryParse(bytes, out header));
        Assert.Equal(9, header.HeaderLength);
    }

    [Theory]
    [InlineData("FFE14C802ABFFC")]      // sync word of eleven bits only: MPEG audio
    [InlineData("FFF34C802ABFFC")]      // layer
    [InlineData("FFF17480AABFFC")]      // reserved rate 13
    [InlineData("FFF14C8000FFFC")]      // frame no longer than its header
    public void Malformed_adts_headers_are_refused(string hex) => Assert.False(AdtsHeader.TryParse(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData("1190", 2, 48_000, 48_000, 2, 1024, "mp4a.40.2")]
    [InlineData("1208", 2, 44_100, 44_100, 1, 1024, "mp4a.40.2")]
    [InlineData("2B118800", 5, 24_000, 48_000, 2, 2048, "mp4a.40.5")]               // explicit SBR: 24 kHz core, 48 kHz output
    [InlineData("EB098800", 29, 24_000, 48_000, 2, 2048, "mp4a.40.29")]             // explicit PS: one core channel, two out
    [InlineData("1194", 2, 48_000, 48_000, 2, 960, "mp4a.40.2")]                    // frameLengthFlag
    [InlineData("17805DC010", 2, 48_000, 48_000, 2, 1024, "mp4a.40.2")]             // rate written out
    public void Audio_specific_config(string hex, int objectType, int coreRate, int rate, int channels, int samples, string codec)
    {
        byte[] bytes = Convert.FromHexString(hex);
        Assert.True(AudioSpecificConfig.TryParse(bytes, out AudioSpecificConfig? config));
        Assert.Equal((objectType, coreRate, rate, channels, samples, codec),
            (config!.ObjectType, config.CoreSampleRate, config.SampleRate, config.Channels, config.SamplesPerFrame, config.CodecString));
        Assert.True(bytes.AsSpan().StartsWith(config.Bytes.Span));
        for (int length = 0; length < 2; length++) { Assert.False(AudioSpecificConfig.TryParse(bytes.AsSpan(0, length), out _)); }
    }

    [Theory]
    [InlineData("1180")]         // channels in a program config element
    [InlineData("0190")]         // object type 0
    [InlineData("1690")]         // reserved rate
    [InlineData("F8E0")]         // escaped object type
    public void Unsupported_configurations_are_refused(string hex) => Assert.False(AudioSpecificConfig.TryParse(Convert.FromHexString(hex), out _));

    [Fact]
    public void Configuration_from_adts()
        => Assert.Equal("1190", Convert.ToHexString(AudioSpecificConfig.FromAdts(2, 3, 2).Bytes.Span));

    /// <summary>AudioMuxElement of one or more frames, version 0, AAC-LC 48 kHz stereo.</summary>
    private static byte[] Element(bool withConfig, params byte[][] frames)
    {
        var bits = new BitWriter();
        bits.Write(withConfig ? 0u : 1u, 1);
        if (withConfig)
        {
            bits.Write(0, 1);                                  // audioMuxVersion
            bits.Write(1, 1);                                  // allStreamsSameTimeFraming
            bits.Write((uint)frames.Length - 1, 6);
            bits.Write(0, 7);                                  // one programme, one layer
            bits.Write(0x1190, 16);
            bits.Write(0, 3);                                  // frameLengthType
            bits.Write(0xFF, 8);
            bits.Write(0, 2);                                  // otherDataPresent, crcCheckPresent
        }
        foreach (byte[] frame in frames)
        {
            for (int left = frame.Length; left >= 0; left -= 255)
            {
                bits.Write((uint)Math.Min(255, left), 8);
                if (left < 255) { break; }
            }
            foreach (byte value in frame) { bits.Write(value, 8); }
        }
        return bits.ToArray();
    }

    private static byte[][] Read(LatmReader reader, byte[] element)
    {
        var frames = new LatmFrame[LatmReader.MostFrames];
        int count = reader.Read(element, frames);
        return [.. frames.Take(Math.Max(0, count)).Select(f =>
        {
            var bytes = new byte[f.Length];
            BitCopy.Copy(element, f.BitPosition, bytes);
            return bytes;
        })];
    }

    [Fact]
    public void Latm_frames_are_found_and_the_configuration_is_kept()
    {
        var reader = new LatmReader();
        byte[] a = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        byte[] b = [1, 2, 3];
        Assert.Empty(Read(reader, Element(withConfig: false, a)));                   // nothing known yet
        Assert.Equal([a, b], Read(reader, Element(withConfig: true, a, b)));
        AudioSpecificConfig? config = reader.Config;
        Assert.Equal("1190", Convert.ToHexString(config!.Bytes.Span));
        Assert.Equal([b, a], Read(reader, Element(withConfig: false, b, a)));
        Assert.Equal([new byte[255]], Read(reader, Element(withConfig: true, new byte[255])));
        Assert.Same(config, reader.Config);
    }

    [Fact]
    public void Latm_cut_short_or_damaged_never_throws()
    {
        byte[] element = Element(withConfig: true, new byte[40], new byte[20]);
        var frames = new LatmFrame[LatmReader.MostFrames];
        for (int length = 0; length < element.Length - 1; length++) { Assert.Equal(-1, new LatmReader().Read(element.AsSpan(0, length), frames)); }
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = element[..random.Next(element.Length + 1)];
            for (int flips = random.Next(5); flips > 0 && damaged.Length > 0; flips--) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
            int count = new LatmReader().Read(damaged, frames);
            for (int f = 0; f < count; f++) { BitCopy.Copy(damaged, frames[f].BitPosition, new byte[frames[f].Length]); }
        }
    }

    [Fact]
    public void Loas_header()
    {
        Assert.True(Loas.TryReadLength([0x56, 0xE1, 0x02], out int length));
        Assert.Equal(0x105, length);
        Assert.False(Loas.TryReadLength([0x56, 0xE0, 0x00], out _));
        Assert.False(Loas.TryReadLength([0x56, 0xC1, 0x02], out _));
        Assert.False(Loas.TryReadLength([0x56, 0xE1], out _));
    }

    private sealed class BitWriter
    {
        private readonly List<bool> _bits = [];

        public void Write(uint value, int count)
        {
            for (int i = count - 1; i >= 0; i--) { _bits.Add(((value >> i) & 1) != 0); }
        }

        public byte[] ToArray()
        {
            var bytes = new byte[(_bits.Count + 7) / 8];
            for (int i = 0; i < _bits.Count; i++) { bytes[i / 8] |= (byte)((_bits[i] ? 1 : 0) << (7 - i % 8)); }
            return bytes;
        }
    }
}
