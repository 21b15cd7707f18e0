using Mirror.Media.Cmaf;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>Every box of an initialization segment but the sample entry, byte by byte as ISO/IEC 14496-12 lays it out.</summary>
public class InitSegmentTests
{
    private const string UnityMatrix = """
        00010000 00000000 00000000
        00000000 00010000 00000000
        00000000 00000000 40000000
        """;

    private static byte[] Box(Track track, string path, uint timescale = 90_000) => BoxDump.Find(InitSegment.Write(track, timescale), path);

    [Fact]
    public void The_file_type_names_cmaf() => Bytes.Equal("""
        0000001C 'ftyp'
        'iso6' 00000000         // major_brand, minor_version
        'iso6' 'cmfc' 'mp41'    // compatible_brands
        """, Box(SampleTracks.H264, "ftyp"));

    [Fact]
    public void The_file_type_of_av1_names_it_too()
    {
        Bytes.Equal("00000020 'ftyp' 'iso6' 00000000 'iso6' 'cmfc' 'mp41' 'av01'", Box(SampleTracks.Av1, "ftyp"));
        Bytes.Equal("00000020 'ftyp' 'iso6' 00000000 'iso6' 'cmfc' 'mp41' 'av01'", BoxDump.Find(InitSegment.Write([(SampleTracks.Aac, 1), (SampleTracks.Av1, 2)], 90_000), "ftyp"));
    }

    [Fact]
    public void The_movie_header_has_no_duration_and_the_next_free_number() => Bytes.Equal($"""
        0000006C 'mvhd' 00 000000
        00000000 00000000       // creation_time, modification_time
        000003E8 00000000       // timescale 1000, duration
        00010000 0100           // rate 1.0, volume 1.0
        0000 00000000 00000000  // reserved
        {UnityMatrix}
        000000000000000000000000 000000000000000000000000
        00000002                // next_track_ID
        """, Box(SampleTracks.H264, "moov/mvhd"));

    [Fact]
    public void The_header_of_a_video_track_has_the_size_of_presentation() => Bytes.Equal($"""
        0000005C 'tkhd' 00 000003       // track_enabled, track_in_movie
        00000000 00000000       // creation_time, modification_time
        00000001 00000000       // track_ID, reserved
        00000000                // duration
        00000000 00000000       // reserved
        0000 0000 0000 0000     // layer, alternate_group, volume, reserved
        {UnityMatrix}
        03000000 02400000       // 720 × 16/15 = 768.0, 576.0
        """, Box(SampleTracks.H264, "moov/trak/tkhd"));

    [Fact]
    public void The_header_of_an_audio_track_has_full_volume_and_no_size() => Bytes.Equal($"""
        0000005C 'tkhd' 00 000003
        00000000 00000000
        00000001 00000000
        00000000
        00000000 00000000
        0000 0001 0100 0000     // layer, alternate_group, volume 1.0, reserved
        {UnityMatrix}
        00000000 00000000
        """, Box(SampleTracks.Aac, "moov/trak/tkhd"));

    [Theory]
    [InlineData(640u, 1u, 1u, "02800000")]
    [InlineData(720u, 64u, 45u, "04000000")]        // 1024 exactly
    [InlineData(1440u, 4u, 3u, "07800000")]
    [InlineData(704u, 12u, 11u, "03000000")]
    [InlineData(720u, 10u, 11u, "028E8BA3")]        // 654.545…, rounded to 1/65536
    [InlineData(720u, 0u, 1u, "02D00000")]          // not known: square
    [InlineData(4096u, 100u, 1u, "FFFF0000")]       // more than the field can hold
    public void The_width_of_presentation(uint width, uint numerator, uint denominator, string expected)
    {
        VideoTrack track = SampleTracks.H264 with { Width = (int)width, SampleAspectRatio = new(numerator, denominator) };
        Assert.Equal(expected, Convert.ToHexString(Box(track, "moov/trak/tkhd").AsSpan(^8..^4)));
    }

    [Fact]
    public void The_media_header_has_the_timescale_and_no_language() => Bytes.Equal("""
        00000020 'mdhd' 00 000000
        00000000 00000000       // creation_time, modification_time
        0000BB80 00000000       // timescale 48000, duration
        55C4 0000               // 'und': 21 14 4 in five bits each; pre_defined
        """, Box(SampleTracks.Aac, "moov/trak/mdia/mdhd", 48_000));

    [Theory]
    [InlineData("deu", "10B5")]                              // 4 5 21
    [InlineData("zzz", "6B5A")]
    [InlineData("DEU", "55C4")]                              // no code of ISO 639-2, which has small letters
    [InlineData("de", "55C4")]
    public void The_media_header_has_the_language(string language, string packed)
        => Bytes.Equal($"00000020 'mdhd' 00 000000 00000000 00000000 0000BB80 00000000 {packed} 0000", Box(SampleTracks.Aac with { Language = language }, "moov/trak/mdia/mdhd", 48_000));

    [Fact]
    public void Handlers()
    {
        Bytes.Equal("0000002D 'hdlr' 00 000000 00000000 'vide' 00000000 00000000 00000000 'Mirror video' 00", Box(SampleTracks.Av1, "moov/trak/mdia/hdlr"));
        Bytes.Equal("0000002D 'hdlr' 00 000000 00000000 'soun' 00000000 00000000 00000000 'Mirror audio' 00", Box(SampleTracks.Opus, "moov/trak/mdia/hdlr"));
    }

    [Fact]
    public void Media_information_headers()
    {
        Bytes.Equal("00000014 'vmhd' 00 000001 0000 0000 0000 0000", Box(SampleTracks.H265, "moov/trak/mdia/minf/vmhd"));
        Bytes.Equal("00000010 'smhd' 00 000000 0000 0000", Box(SampleTracks.Ac3, "moov/trak/mdia/minf/smhd"));
    }

    [Fact]
    public void The_media_is_in_the_same_file() => Bytes.Equal("""
        00000024 'dinf'
        0000001C 'dref' 00 000000 00000001
        0000000C 'url ' 00 000001
        """, Box(SampleTracks.H264, "moov/trak/mdia/minf/dinf"));

    [Fact]
    public void The_sample_tables_are_there_and_empty()
    {
        byte[] table = Box(SampleTracks.H264, "moov/trak/mdia/minf/stbl");
        Bytes.Equal("""
            00000010 'stts' 00 000000 00000000
            00000010 'stsc' 00 000000 00000000
            00000014 'stsz' 00 000000 00000000 00000000
            00000010 'stco' 00 000000 00000000
            """, table.AsSpan(^68..));
        Bytes.Equal("'stsd' 00 000000 00000001", table.AsSpan(12, 12));
    }

    [Fact]
    public void Fragments_are_announced_without_defaults() => Bytes.Equal("""
        00000028 'mvex'
        00000020 'trex' 00 000000
        00000001 00000001       // track_ID, default_sample_description_index
        00000000 00000000 00000000
        """, Box(SampleTracks.H264, "moov/mvex"));

    [Fact]
    public void A_file_of_several_tracks_keeps_their_numbers()
    {
        byte[] header = InitSegment.Write([(SampleTracks.H264, 7), (SampleTracks.Aac, 3)], 90_000);
        Assert.Equal("00000008", Convert.ToHexString(BoxDump.Find(header, "moov/mvhd").AsSpan(^4..)));
        Bytes.Equal("""
            00000048 'mvex'
            00000020 'trex' 00 000000 00000007 00000001 00000000 00000000 00000000
            00000020 'trex' 00 000000 00000003 00000001 00000000 00000000 00000000
            """, BoxDump.Find(header, "moov/mvex"));
        Assert.Equal(["7", "3"], BoxDump.Describe(header).Split('\n').Where(line => line.Contains("modification_time 0, track_ID ")).Select(line => line[^1..]));
    }

    [Theory]
    [InlineData(Codec.Mpeg2Video)]
    [InlineData(Codec.MpegAudio)]
    public void A_codec_without_a_place_in_cmaf_is_refused(Codec codec)
    {
        Track track = codec == Codec.Mpeg2Video ? SampleTracks.H264 with { Codec = codec } : SampleTracks.Aac with { Codec = codec };
        Assert.Throws<ArgumentException>(() => InitSegment.Write(track, 90_000));
    }

    [Fact]
    public void A_timescale_of_0_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => InitSegment.Write(SampleTracks.Aac, 0));
}
