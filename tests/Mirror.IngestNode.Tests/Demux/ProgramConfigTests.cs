using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>AAC whose channel layout stands in a program config element (ISO/IEC 14496-3 §4.4.1.1), in ADTS as FFmpeg writes it and in LATM.</summary>
public class ProgramConfigTests
{
    private static byte[] Make(string layout, string more = "")
        => FfmpegSample.Make($"-f lavfi -i sine=r=48000:d=2 -af aformat=channel_layouts={layout} -c:a aac -b:a 256k {more}");

    /// <summary>FFmpeg writes 5.1 with side speakers as a pair, two single channels and a pair, which is no usual configuration.</summary>
    [Theory]
    [InlineData("5.1", 6, 6, "")]
    [InlineData("5.1(side)", 6, 0, "")]
    [InlineData("5.1(side)", 6, 0, "-mpegts_flags latm")]
    [InlineData("5.0(side)", 5, 0, "")]
    [InlineData("quad", 4, 0, "")]
    [InlineData("quad", 4, 0, "-mpegts_flags latm")]
    [InlineData("6.1(back)", 7, 0, "")]
    public void Every_layout_of_ffmpeg_is_carried(string layout, int channels, int configuration, string more)
    {
        using DemuxRun run = new DemuxRun().Write(Make(layout, more));
        Assert.InRange(run.Audio.Count(), 92, 96);
        Assert.Equal(0, run.Stats.Audio.DroppedUnits);
        var track = (AudioTrack)Assert.Single(run.Audio.Select(unit => unit.Track).Distinct());
        Assert.Equal((channels, configuration == 0, configuration != 0), (track.Channels, track.HasLayoutOfItsOwn, track.IsDeliverable));
        byte[] bytes = track.DecoderConfiguration.ToArray();
        Assert.Equal(configuration, (bytes[1] >> 3) & 15);
        Assert.True(AudioSpecificConfig.TryParse(bytes, out AudioSpecificConfig? parsed));
        Assert.Equal((channels, configuration == 0), (parsed!.Channels, parsed.HasLayoutOfItsOwn));
        Assert.All(run.Audio, unit => Assert.NotEqual(ProgramConfigElement.ElementId, unit.Payload[0] >> 5));
    }

    /// <summary>tag 0, LC, 48 kHz; elements as hardware encoders list them: what a channelConfiguration says as well is said by that.</summary>
    [Theory]
    [InlineData("0001 0000 0000 00 000 0000 000 0 0000", 1, 1, "00000000")]
    [InlineData("0001 0000 0000 00 000 0000 000 1 0000", 2, 2, "00000000")]
    [InlineData("0010 0000 0001 01 000 0000 000 0 0000 1 0000 1 0001 0000", 6, 6, "00000000")]                 // back
    [InlineData("0010 0001 0000 01 000 0000 000 0 0000 1 0000 1 0001 0000", 6, 6, "00000010 01000001 01000010")]     // side, with a comment
    [InlineData("0010 0001 0001 01 000 0000 000 0 0000 1 0000 1 0001 1 0010 0000", 8, 7, "00000000")]
    [InlineData("0010 0000 0000 00 000 0000 000 0 0000 0 0001", 2, 0, "00000000")]                               // dual mono
    public void A_layout_with_a_configuration_of_its_own_gets_that(string elements, int channels, int configuration, string comment)
    {
        string fields = "101" + "0000" + "01" + "0011" + elements.Replace(" ", "", StringComparison.Ordinal);
        fields = fields.PadRight((fields.Length + 7) / 8 * 8, '0') + comment.Replace(" ", "", StringComparison.Ordinal);
        byte[] block = [.. Enumerable.Range(0, fields.Length / 8).Select(i => Convert.ToByte(fields.Substring(i * 8, 8), 2)), 0x12, 0x34];
        Assert.True(AudioSpecificConfig.TryReadProgramConfig(2, 3, block, out AudioSpecificConfig? config, out int length));
        Assert.Equal(block.Length - 2, length);
        Assert.Equal((channels, configuration == 0), (config.Channels, config.HasLayoutOfItsOwn));
        Assert.Equal(configuration, (config.Bytes.Span[1] >> 3) & 15);
        Assert.True(AudioSpecificConfig.TryParse(config.Bytes.Span, out AudioSpecificConfig? parsed));
        Assert.Equal((channels, configuration == 0), (parsed!.Channels, parsed.HasLayoutOfItsOwn));
        for (int cut = 0; cut < length; cut++) { Assert.False(AudioSpecificConfig.TryReadProgramConfig(2, 3, block.AsSpan(0, cut), out _, out _)); }
    }

    [Fact]
    public void Layouts_follow_one_another_without_a_lost_frame()
    {
        byte[] stream = [.. Make("stereo", "-muxdelay 0 -muxpreload 0"), .. Make("5.1(side)", "-muxdelay 0 -muxpreload 0 -output_ts_offset 2"), .. Make("stereo", "-muxdelay 0 -muxpreload 0 -output_ts_offset 4")];
        using DemuxRun run = new DemuxRun().Write(stream);
        Assert.Equal([2, 6, 2], run.Audio.Select(unit => ((AudioTrack)unit.Track).Channels).Aggregate(new List<int>(), (list, next) =>
        {
            if (list.Count == 0 || list[^1] != next) { list.Add(next); }
            return list;
        }));
        Assert.InRange(run.Audio.Count(), 3 * 92, 3 * 96);
    }

    [Fact]
    public void Damaged_elements_do_no_harm()
    {
        byte[] stream = Make("quad");
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            byte[] damaged = [.. stream];
            for (int flips = 0; flips < 200; flips++) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
            using DemuxRun run = new DemuxRun().Write(damaged);
        }
        byte[] block = Convert.FromHexString("A0000000");
        for (int length = 0; length <= block.Length; length++)
        {
            Assert.False(AudioSpecificConfig.TryReadProgramConfig(2, 3, block.AsSpan(0, length), out _, out _));
        }
    }
}
