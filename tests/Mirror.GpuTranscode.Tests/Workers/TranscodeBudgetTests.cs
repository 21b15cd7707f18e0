using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class TranscodeBudgetTests
{
    private static readonly VideoTrack Hd = Source(1920, 1080, 30);
    private static readonly RungPlan[] Rungs = [Rung(640, 360)];
    private readonly TranscodeBudget _budget = new(cores: 2, share: 0.9);

    [Fact]
    public void Streams_are_admitted_until_the_budget_is_spent_and_again_when_one_ends()
    {
        double cost = TranscodeBudget.ModelledCores(Hd, Rungs);
        int most = (int)(1.8 / cost);
        object[] owners = [.. Enumerable.Range(0, most + 1).Select(_ => new object())];
        for (int i = 0; i < most; i++) { Assert.Null(_budget.TryReserve(owners[i], Hd, Rungs)); }
        Task room = _budget.RoomMade;
        string? refusal = _budget.TryReserve(owners[most], Hd, Rungs);
        Assert.StartsWith("no capacity", refusal);
        Assert.Equal(most, _budget.Streams);
        Assert.False(room.IsCompleted);
        _budget.Release(owners[0]);
        Assert.True(room.IsCompleted);
        Assert.Null(_budget.TryReserve(owners[most], Hd, Rungs));
    }

    [Fact]
    public void What_is_free_is_what_the_next_stream_may_take()
    {
        object first = new();
        Assert.Equal(2, _budget.FreeCores);
        Assert.Null(_budget.TryReserve(first, Hd, Rungs));
        Assert.Equal(1.8 - _budget.CoresInUse, _budget.FreeCores, 6);
        Assert.Equal(_budget.CoresInUse, _budget.Expect(Hd, Rungs, hasAudio: false), 6);
        _budget.Measure(first, 0.1, isOverloaded: true);
        Assert.Equal(0, _budget.FreeCores);
        _budget.Release(first);
        Assert.Equal(2, _budget.FreeCores);
        Assert.Null(_budget.TryReserve(first, Source(7680, 4320, 60), Rungs));
        Assert.Equal(0, _budget.FreeCores);
    }

    [Fact]
    public void A_node_without_streams_takes_one_of_any_size()
    {
        VideoTrack huge = Source(7680, 4320, 60);
        Assert.Null(_budget.TryReserve(new object(), huge, Rungs));
        Assert.NotNull(_budget.TryReserve(new object(), Hd, Rungs));
    }

    [Fact]
    public void What_is_measured_replaces_the_model_and_corrects_it_for_others()
    {
        object first = new();
        _budget.TryReserve(first, Hd, Rungs);
        double model = TranscodeBudget.ModelledCores(Hd, Rungs);
        Assert.Equal(model, _budget.CoresInUse, 6);
        for (int second = 0; second < 30; second++) { _budget.Measure(first, model / 4, isOverloaded: false); }
        Assert.Equal(model / 4, _budget.CoresInUse, 6);
        object second2 = new();
        _budget.TryReserve(second2, Hd, Rungs);
        Assert.InRange(_budget.CoresInUse - model / 4, model * 0.5, model * 0.95);
    }

    [Fact]
    public void An_overloaded_stream_keeps_others_out()
    {
        object first = new();
        _budget.TryReserve(first, Hd, Rungs);
        _budget.Measure(first, 0.1, isOverloaded: true);
        Assert.NotNull(_budget.TryReserve(new object(), Hd, Rungs));
        _budget.Measure(first, 0.1, isOverloaded: false);
        Assert.Null(_budget.TryReserve(new object(), Hd, Rungs));
    }

    [Fact]
    public void What_another_node_lost_is_taken_though_frames_are_left_out_up_to_twice_the_budget()
    {
        int most = (int)(1.8 / TranscodeBudget.ModelledCores(Hd, Rungs));
        object first = new();
        _budget.TryReserve(first, Hd, Rungs);
        for (int i = 1; i < most; i++) { Assert.Null(_budget.TryReserve(new object(), Hd, Rungs)); }
        _budget.Measure(first, 0, isOverloaded: true);
        Assert.NotNull(_budget.TryReserve(new object(), Hd, Rungs));
        int taken = 0;
        while (_budget.TryReserve(new object(), Hd, Rungs, isContinued: true) is null) { Assert.InRange(++taken, 1, most + 1); }
        Assert.InRange(taken, most, most + 1);
    }

    [Fact]
    public void A_stream_that_has_a_share_keeps_it_when_its_format_changes()
    {
        object first = new();
        _budget.TryReserve(first, Hd, Rungs);
        VideoTrack large = Source(3840, 2160, 60);
        _budget.Change(first, large, Rungs);
        Assert.Null(_budget.TryReserve(first, large, Rungs));
        Assert.Equal(TranscodeBudget.ModelledCores(large, Rungs), _budget.CoresInUse, 6);
    }

    private static VideoTrack Source(int width, int height, uint rate) => new()
    {
        Id = 1,
        Codec = Codec.H264,
        DecoderConfiguration = default,
        CodecString = "",
        Width = width,
        Height = height,
        FrameRate = new Rational(rate, 1),
    };

    private static RungPlan Rung(int width, int height) => new()
    {
        Name = "r",
        Width = width,
        Height = height,
        Bitrate = 400_000,
        PeakBitrate = 450_000,
        BufferSize = 800_000,
        Preset = "veryfast",
        Profile = "high",
        References = 1,
    };
}
