using Mirror.Media.Cmaf;
using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>The initialization segment and a part of each codec, as <see cref="BoxDump"/> reads them, beside the files in testdata.</summary>
public class BoxDumpTests
{
    private static readonly Sample[] ReorderedSamples =
        [new(4, 3_600, 3_600, SampleFlags.Sync), new(3, 3_600, 7_200, SampleFlags.NonSync), new(2, 3_600, -3_600, SampleFlags.Disposable)];

    private static readonly Sample[] OrderedSamples = [new(4, 3_600, 0, SampleFlags.Sync), new(3, 3_600, 0, SampleFlags.NonSync), new(2, 3_601, 0, SampleFlags.NonSync)];

    private static readonly Dictionary<string, (Track Track, uint Timescale, Sample[] Samples)> Files = new()
    {
        ["h264"] = (SampleTracks.H264, 90_000, ReorderedSamples),
        ["h265"] = (SampleTracks.H265, 90_000, ReorderedSamples),
        ["av1"] = (SampleTracks.Av1, 90_000, OrderedSamples),
        ["aac"] = (SampleTracks.Aac, 48_000, Frames(1_024)),
        ["aac-96khz"] = (SampleTracks.AacOf96KHz, 96_000, Frames(1_024)),
        ["opus"] = (SampleTracks.Opus, 48_000, Frames(960)),
        ["opus-surround"] = (SampleTracks.OpusSurround, 48_000, Frames(960)),
        ["ac3"] = (SampleTracks.Ac3, 48_000, Frames(1_536)),
        ["eac3"] = (SampleTracks.Eac3, 44_100, Frames(1_536)),
    };

    public static TheoryData<string> Names => new(Files.Keys);

    private static Sample[] Frames(uint duration) => [new(5, duration, 0, SampleFlags.Sync), new(4, duration, 0, SampleFlags.Sync)];

    [Theory, MemberData(nameof(Names))]
    public void Init_segments_and_parts(string name)
    {
        (Track track, uint timescale, Sample[] samples) = Files[name];
        var header = new byte[Chunk.HeaderSize(samples)];
        Chunk.WriteHeader(header, 12, 5_400_000_000, samples);
        byte[] payload = [.. Enumerable.Range(0, samples.Sum(sample => sample.Size)).Select(i => (byte)(0xA0 + i))];
        Golden.Matches(name + ".txt", System.Text.Encoding.UTF8.GetBytes(BoxDump.Describe([.. InitSegment.Write(track, timescale), .. header, .. payload])));
    }

    [Fact]
    public void Every_codec_that_is_delivered_has_a_file()
        => Assert.Equal(Enum.GetValues<Codec>().Where(codec => codec.IsDeliverable()).Order(), Files.Values.Select(file => file.Track.Codec).Distinct().Order());

    [Theory]
    [InlineData("0000000C 'ftyp' 'iso6'")]                              // ends in a field
    [InlineData("00000010 'moov' 00000020 'mvex'")]                     // a child that is longer than its container
    [InlineData("0000000A 'dinf' 0000")]                                // bytes left over
    [InlineData("00000014 'mfhd' 00 000000 00000001 00000000")]
    [InlineData("00000008 'abcd'")]
    public void What_is_no_box_is_told(string bytes) => Assert.Throws<InvalidDataException>(() => BoxDump.Describe(Bytes.Of(bytes)));
}
