namespace Mirror.EventTopic.Tests;

/// <summary>When Event Grid tries again.</summary>
public sealed class RetryScheduleTests
{
    [Theory]
    [InlineData(1, 500, 10)]
    [InlineData(2, 0, 30)]
    [InlineData(3, 503, 60)]
    [InlineData(4, 503, 300)]
    [InlineData(5, 408, 600)]
    [InlineData(6, 503, 1800)]
    [InlineData(7, 503, 3600)]
    [InlineData(30, 503, 3600)]
    [InlineData(1, 401, 300)]
    [InlineData(2, 403, 300)]
    [InlineData(3, 404, 300)]
    [InlineData(5, 404, 600)]
    public void Each_attempt_waits_as_event_grid_does(int attempts, int status, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetrySchedule.WaitAfter(attempts, status, factor: 1));
        Assert.Equal(TimeSpan.FromSeconds(seconds) * 0.1, RetrySchedule.WaitAfter(attempts, status, factor: 0.1));
    }

    [Theory]
    [InlineData(200, true, false)]
    [InlineData(204, true, false)]
    [InlineData(205, false, false)]
    [InlineData(301, false, false)]
    [InlineData(400, false, true)]
    [InlineData(413, false, true)]
    [InlineData(404, false, false)]
    [InlineData(0, false, false)]
    public void Only_200_to_204_is_success_and_only_400_and_413_are_hopeless(int status, bool isDelivered, bool isHopeless)
        => Assert.Equal((isDelivered, isHopeless), (RetrySchedule.IsDelivered(status), RetrySchedule.IsHopeless(status)));
}
