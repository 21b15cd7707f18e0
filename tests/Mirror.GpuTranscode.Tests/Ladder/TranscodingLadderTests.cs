using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.Packaging;
using Mirror.Media.Frames;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.GpuTranscode.Tests.Ladder;

public sealed class TranscodingLadderTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    private static readonly Dictionary<string, (int Width, int Height, Rational Sample, string Rung, (int, int)? Expected)> Sizes = new()
    {
        ["16:9 into a height"] = (1920, 1080, new(1, 1), "height: 720", (1280, 720)),
        ["16:9 into the default box"] = (1920, 1080, new(1, 1), "width: 640", (640, 360)),
        ["4:3 into a box"] = (1440, 1080, new(1, 1), "width: 640", (480, 360)),
        ["21:9 into a box"] = (2560, 1080, new(1, 1), "width: 640", (640, 270)),
        ["portrait into a box"] = (1080, 1920, new(1, 1), "width: 640", (202, 360)),
        ["anamorphic PAL"] = (720, 576, new(64, 45), "height: 360", (640, 360)),
        ["an odd height"] = (1918, 1079, new(1, 1), "height: 360", (640, 360)),
        ["stretched"] = (1440, 1080, new(1, 1), "{width: 640, resize: stretch}", (640, 360)),
        ["the source's own size"] = (640, 360, new(1, 1), "height: 360", (640, 360)),
        ["more lines than the source"] = (426, 240, new(1, 1), "height: 360", null),
        ["a match that is bypassed"] = (640, 360, new(1, 1), "{height: 360, bypass_if_match: true}", null),
        ["another size is no match"] = (1280, 720, new(1, 1), "{height: 360, bypass_if_match: true}", (640, 360)),
    };

    public static TheoryData<string> SizeNames => new(Sizes.Keys);

    public void Dispose() => File.Delete(_file);

    [Theory, MemberData(nameof(SizeNames))]
    public void A_rung_is_fitted_to_its_source(string name)
    {
        (int width, int height, Rational sample, string rung, (int, int)? expected) = Sizes[name];
        string text = rung.StartsWith('{') ? $" {rung}" : $"\n    {rung}";
        RungPlan? plan = Load($"ladder:\n  only:{text}\n").PlanFor(Source.VideoOf(width, height) with { SampleAspectRatio = sample }).SingleOrDefault();
        Assert.Equal(expected, plan is null ? null : (plan.Width, plan.Height));
    }

    [Fact]
    public void The_default_is_one_small_rung()
    {
        RungPlan plan = Assert.Single(TranscodingLadder.Default.PlanFor(Source.VideoOf(1920, 1080)));
        Assert.Equal(("360p", RungCodec.H264, 640, 360), (plan.Name, plan.Codec, plan.Width, plan.Height));
        Assert.Equal((400_000, 450_000, 800_000), (plan.Bitrate, plan.PeakBitrate, plan.BufferSize));
    }

    [Fact]
    public void The_example_goes_up_to_1080p()
    {
        IReadOnlyList<RungPlan> plans = TranscodingLadder.Load(ExampleFile()).PlanFor(Source.VideoOf(3840, 2160));
        Assert.Equal(["1080p", "720p", "480p", "360p"], plans.Select(plan => plan.Name));
        Assert.Equal(["720p", "480p", "360p"], TranscodingLadder.Load(ExampleFile()).PlanFor(Source.VideoOf(1280, 720)).Select(plan => plan.Name));
    }

    [Theory]
    [InlineData(160, 90, 160, 90)]
    [InlineData(426, 240, 426, 240)]
    [InlineData(320, 480, 240, 360)]
    [InlineData(1280, 720, 640, 360)]
    public void A_source_that_browsers_cannot_start_with_gets_a_rung_however_small_it_is(int width, int height, int expectedWidth, int expectedHeight)
    {
        RungPlan plan = Assert.Single(TranscodingLadder.Default.PlanFor(Source.VideoOf(width, height), hasKeyFrames: false));
        Assert.Equal(("360p", expectedWidth, expectedHeight), (plan.Name, plan.Width, plan.Height));
    }

    [Fact]
    public void A_rung_that_is_bypassed_is_encoded_where_browsers_cannot_start_with_the_source()
    {
        TranscodingLadder ladder = Load("ladder:\n  only: {height: 360, bypass_if_match: true}\n");
        Assert.Empty(ladder.PlanFor(Source.VideoOf(640, 360)));
        RungPlan plan = Assert.Single(ladder.PlanFor(Source.VideoOf(640, 360), hasKeyFrames: false));
        Assert.Equal((640, 360), (plan.Width, plan.Height));
    }

    [Theory]
    [InlineData("ladder:\n  source:\n    height: 360", "the publisher's own rendition")]
    [InlineData("ladder:\n  a b:\n    height: 360", "a rung's name is")]
    [InlineData("ladder:\n  x:\n    heigth: 360", "Did you mean ladder.x.height?")]
    [InlineData("ladder:\n  x:\n    height: tall", "ladder.x.height = tall (from")]
    [InlineData("ladder:\n  x:\n    height: 361", "allowed are even numbers")]
    [InlineData("ladder:\n  x:\n    bitrate: 1Mbps\n    max_bitrate: 900kbps", "at least the rung's bitrate")]
    [InlineData("ladder:\n  x:\n    profile: baseline\n    b_frames: 2", "no B-frames")]
    [InlineData("rungs:\n  x:\n    height: 360", "nothing stands under ladder")]
    [InlineData("", "nothing stands under ladder")]
    [InlineData("ladder:\n  audio-aac:\n    height: 360", "is a name of sound")]
    [InlineData("ladder:\n  x:\n    height: 360\naudio:\n  channels: 3", "audio.channels = 3")]
    [InlineData("ladder:\n  x:\n    height: 360\naudio:\n  codek: aac", "Did you mean audio.codec?")]
    [InlineData("ladder:\n  x:\n    height: 360\naudio:\n  sample_rate: 12345", "audio.sample_rate")]
    [InlineData("ladder: [", " line ")]
    public void A_wrong_file_is_refused_with_its_place(string text, string message)
    {
        var error = Assert.Throws<MirrorStartException>(() => Load(text));
        Assert.Equal(MirrorStartException.ConfigurationWrong, error.ExitCode);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", Codec.Ac3, "ac-3", 6, 384_000, true, true)]
    [InlineData("", Codec.MpegAudio, "mp4a.40.33", 2, 192_000, false, true)]      // no player has it
    [InlineData("", Codec.Aac, "mp4a.40.2", 2, 128_000, true, true)]
    [InlineData("", Codec.Aac, "mp4a.40.2", 2, 69_000, true, false)]
    [InlineData("", Codec.Aac, "mp4a.40.2", 1, 48_000, true, false)]
    [InlineData("", Codec.Aac, "mp4a.40.2", 6, 60_000, true, true)]
    [InlineData("", Codec.Aac, "mp4a.40.5", 2, 48_000, true, true)]               // HE-AAC
    [InlineData("", Codec.Aac, "mp4a.40.2", 2, 0, true, true)]                    // of a rate that is not known
    [InlineData("", Codec.Aac, "mp4a.40.2", 2, 128_000, false, false)]            // goes with no encoded picture
    [InlineData("audio:\n  codec: off", Codec.Ac3, "ac-3", 6, 384_000, true, false)]
    [InlineData("audio:\n  bypass_if_match: false", Codec.Aac, "mp4a.40.2", 2, 48_000, true, true)]
    [InlineData("audio:\n  bitrate: 128kbps", Codec.Aac, "mp4a.40.2", 2, 128_000, true, false)]
    public void Sound_is_encoded_where_the_sources_would_not_do(string text, Codec codec, string codecString, int channels, long bitrate, bool hasRungs, bool expected)
    {
        var source = new AudioTrack { Id = 2, Codec = codec, CodecString = codecString, Channels = channels, SampleRate = 48_000, DecoderConfiguration = default };
        Assert.Equal(expected, Load($"ladder:\n  x:\n    height: 360\n{text}").PlanAudioFor(source, bitrate, hasRungs) is not null);
    }

    private TranscodingLadder Load(string text)
    {
        File.WriteAllText(_file, text);
        return TranscodingLadder.Load(_file);
    }

    private static string ExampleFile()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "configs", "ladder.yaml"))) { folder = Path.GetDirectoryName(folder)!; }
        return Path.Combine(folder, "configs", "ladder.yaml");
    }
}
