using Mirror.Media.Cmaf;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>The sample entry of each codec, byte by byte.</summary>
public class SampleEntryTests
{
    private const string NoCompressorName = "0000000000000000 0000000000000000 0000000000000000 0000000000000000";

    private static byte[] Entry(Track track, string type) => BoxDump.Find(InitSegment.Write(track, 90_000), "moov/trak/mdia/minf/stbl/stsd/" + type);

    [Fact]
    public void H264() => Bytes.Equal($"""
        000000BD 'avc1'
        000000000000 0001       // reserved, data_reference_index
        0000 0000 000000000000000000000000      // pre_defined, reserved
        02D0 0240               // 720 × 576
        00480000 00480000       // 72 dpi
        00000000 0001           // reserved, frame_count
        {NoCompressorName}
        0018 FFFF               // depth, pre_defined
        00000044 'avcC'
        01 64 00 1E FF E1 0028 6764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C0
        01 0005 68FBACB22C FD F8 F8 00
        00000013 'colr' 'nclx' 0001 0001 0001 00
        00000010 'pasp' 00000010 0000000F
        """, Entry(SampleTracks.H264, "avc1"));

    [Fact]
    public void H265() => Bytes.Equal($"""
        000000FE 'hvc1'
        000000000000 0001
        0000 0000 000000000000000000000000
        0282 016A               // 642 × 362
        00480000 00480000
        00000000 0001
        {NoCompressorName}
        0018 FFFF
        00000085 'hvcC'
        01 02 20000000 900000000000 5A F000 FC FD FA FA 0000 0F 03
        A0 0001 0018 40010C01FFFF02200000030090000003000003005A959409
        A1 0001 0038 42010102200000030090000003000003005AA005120171C92365959649395E02D42440241000003E90000EA60609C987E000F424001E8488
        A2 0001 0007 4401C172B46240
        00000013 'colr' 'nclx' 0009 0010 0009 00
        00000010 'pasp' 00000001 00000001
        """, Entry(SampleTracks.H265, "hvc1"));

    [Fact]
    public void Av1() => Bytes.Equal($"""
        00000082 'av01'
        000000000000 0001
        0000 0000 000000000000000000000000
        0140 00B4               // 320 × 180
        00480000 00480000
        00000000 0001
        {NoCompressorName}
        0018 FFFF
        00000019 'av1C' 81 00 0C 00 0A0B000000043CFECCFBF90040
        00000013 'colr' 'nclx' 0002 0002 0002 80        // nothing known but the full range
        """, Entry(SampleTracks.Av1, "av01"));

    [Fact]
    public void Aac() => Bytes.Equal("""
        00000057 'mp4a'
        000000000000 0001       // reserved, data_reference_index
        00000000 00000000       // reserved
        0002 0010               // channelcount, samplesize
        0000 0000               // pre_defined, reserved
        BB800000                // samplerate 48000.0
        00000033 'esds' 00 000000
        03 80808022 0000 00                     // ES_Descriptor: ES_ID 0 as ISO/IEC 14496-14 §3.1.2 wants it in a file, no flags
        04 80808014 40 15 000000 00000000 00000000      // DecoderConfigDescriptor: MPEG-4 audio, an audio stream, no rates
        05 80808002 1190                        // DecoderSpecificInfo: AAC LC, 48 kHz, stereo
        06 80808001 02                          // SLConfigDescriptor: that of MP4 files
        """, Entry(SampleTracks.Aac, "mp4a"));

    [Fact]
    public void A_sample_rate_that_the_field_cannot_hold_is_left_to_the_configuration()
        => Bytes.Equal("0002 0010 0000 0000 00000000", Entry(SampleTracks.AacOf96KHz, "mp4a").AsSpan(24, 12));

    [Fact]
    public void A_long_configuration_is_counted_in_every_descriptor_around_it()
    {
        byte[] configuration = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
        byte[] entry = Entry(SampleTracks.Aac with { DecoderConfiguration = configuration }, "mp4a");
        Bytes.Equal("000000F9 'esds' 00 000000  03 80808168 0000 00  04 8080815A 40 15 000000 00000000 00000000  05 80808148", entry.AsSpan(36, 12 + 5 + 3 + 5 + 13 + 5));
        Assert.Equal(configuration, entry[^206..^6]);
    }

    [Fact]
    public void Opus() => Bytes.Equal("""
        00000037 'Opus'
        000000000000 0001
        00000000 00000000
        0002 0010 0000 0000 BB800000
        00000013 'dOps' 00 02 0000 0000BB80 0000 00     // Version, OutputChannelCount, PreSkip, InputSampleRate, OutputGain, ChannelMappingFamily
        """, Entry(SampleTracks.Opus, "Opus"));

    [Fact]
    public void Opus_of_six_channels() => Bytes.Equal("""
        0000003F 'Opus'
        000000000000 0001
        00000000 00000000
        0006 0010 0000 0000 BB800000
        0000001B 'dOps' 00 06 0000 0000BB80 0000 01
        04 02 00 04 01 02 03 05 // StreamCount, CoupledCount, ChannelMapping
        """, Entry(SampleTracks.OpusSurround, "Opus"));

    [Fact]
    public void Ac3() => Bytes.Equal("""
        0000002F 'ac-3'
        000000000000 0001
        00000000 00000000
        0006 0010 0000 0000 BB800000
        0000000B 'dac3' 10 3D C0        // fscod 0, bsid 8, bsmod 0, acmod 7, lfeon, bit_rate_code 14
        """, Entry(SampleTracks.Ac3, "ac-3"));

    [Fact]
    public void Eac3() => Bytes.Equal("""
        00000031 'ec-3'
        000000000000 0001
        00000000 00000000
        0002 0010 0000 0000 AC440000
        0000000D 'dec3' 0400 60 04 00   // data_rate 128, one independent substream; fscod 1, bsid 16; acmod 2; no dependent one
        """, Entry(SampleTracks.Eac3, "ec-3"));
}
