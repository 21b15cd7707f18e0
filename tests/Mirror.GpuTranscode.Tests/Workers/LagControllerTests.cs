using Mirror.GpuTranscode.Workers;

namespace Mirror.GpuTranscode.Tests.Workers;

public sealed class LagControllerTests
{
    private const int PicturesPerSecond = 30;
    private readonly LagController _controller = new(LagController.DefaultMaxLag);
    private TimeSpan _now = TimeSpan.FromSeconds(1000);

    [Fact]
    public void Nothing_is_left_out_while_pictures_wait_less_than_a_quarter_second()
    {
        Run(seconds: 20, _ => 240);
        Assert.Equal(0, _controller.Level);
    }

    [Fact]
    public void A_large_lag_that_shrinks_is_let_be()
    {
        // The first GOPs come as a burst, four seconds old, and are worked off at twice their rate.
        int highest = Run(seconds: 6, second => Math.Max(20, 4000 - second * 1000));
        Assert.Equal(0, highest);
    }

    [Fact]
    public void At_first_pictures_may_wait_for_up_to_a_second()
    {
        Assert.Equal(0, Run(seconds: 4.5, _ => 900));
        Assert.NotEqual(0, Run(seconds: 2, _ => 900));
    }

    [Fact]
    public void A_larger_limit_lets_frames_wait_for_longer()
    {
        var patient = new LagController(TimeSpan.FromSeconds(10));
        Assert.Equal(0, Run(seconds: 60, _ => 9_900, patient));
        Assert.NotEqual(0, Run(seconds: 2, _ => 10_100, patient));
    }

    [Fact]
    public void A_lag_that_grows_raises_the_level_until_it_does_not()
    {
        double lag = 0;
        int highest = Run(seconds: 30, _ => lag = Math.Max(0, lag + (_controller.Level >= 2 ? -10 : 15)));
        Assert.Equal(2, highest);
    }

    [Fact]
    public void A_lag_that_stays_large_raises_the_level_to_the_top_within_three_seconds()
    {
        Run(seconds: 3, _ => 2000);
        Assert.Equal(LagController.MostLevels, _controller.Level);
    }

    [Fact]
    public void The_level_falls_slowly_once_the_lag_is_gone()
    {
        Run(seconds: 3, _ => 2000);
        Run(seconds: 2, _ => 10);
        Assert.Equal(LagController.MostLevels, _controller.Level);
        Run(seconds: 18, _ => 10);
        Assert.Equal(0, _controller.Level);
    }

    [Fact]
    public void A_level_that_proves_too_low_is_tried_again_ever_more_rarely()
    {
        // Level 1 keeps up, level 0 does not.
        double lag = 0;
        var lowered = new List<double>();
        int before = 0;
        Run(seconds: 200, second =>
        {
            if (_controller.Level < before) { lowered.Add(second); }
            before = _controller.Level;
            return lag = Math.Max(0, lag + (_controller.Level > 0 ? -20 : 15));
        });
        double[] gaps = [.. lowered.Skip(1).Zip(lowered, (next, previous) => next - previous)];
        Assert.InRange(lowered.Count, 4, 12);
        Assert.True(gaps[^1] > gaps[0] * 3, $"lowered at {string.Join(", ", lowered)}");
    }

    [Fact]
    public void After_a_long_overload_the_full_rate_is_back_soon()
    {
        double lag = 0;
        Run(seconds: 600, _ => lag = Math.Max(0, lag + (_controller.Level > 3 ? -20 : 15)));
        Assert.InRange(_controller.Level, 3, LagController.MostLevels);
        Run(seconds: 130, _ => 10);                          // at most a minute for the first level, half as long for each further one
        Assert.Equal(0, _controller.Level);
    }

    private int Run(double seconds, Func<double, double> lagMilliseconds, LagController? controller = null)
    {
        controller ??= _controller;
        int highest = 0;
        for (int picture = 0; picture < seconds * PicturesPerSecond; picture++)
        {
            _now += TimeSpan.FromSeconds(1.0 / PicturesPerSecond);
            highest = Math.Max(highest, controller.Update(_now, TimeSpan.FromMilliseconds(lagMilliseconds((double)picture / PicturesPerSecond))));
        }
        return highest;
    }
}
