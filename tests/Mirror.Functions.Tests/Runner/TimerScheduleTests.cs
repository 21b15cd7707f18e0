using System.Globalization;
using Mirror.Functions.Runner;

namespace Mirror.Functions.Tests.Runner;

/// <summary>Schedules of timers.</summary>
public sealed class TimerScheduleTests
{
    [Theory]
    [InlineData("0 */5 * * * *", "2026-03-01 10:02:30", "2026-03-01 10:05:00")]
    [InlineData("0 */5 * * * *", "2026-03-01 10:05:00", "2026-03-01 10:10:00")]
    [InlineData("*/10 * * * * *", "2026-03-01 10:05:59.9", "2026-03-01 10:06:00")]
    [InlineData("30 15 4 * * *", "2026-03-01 04:15:30", "2026-03-02 04:15:30")]
    [InlineData("0 0 0 1 JAN *", "2026-03-01 00:00:00", "2027-01-01 00:00:00")]
    [InlineData("0 0 12 * * MON-FRI", "2026-03-06 12:00:00", "2026-03-09 12:00:00")]
    [InlineData("0 0 12 * * 7", "2026-03-06 12:00:00", "2026-03-08 12:00:00")]
    [InlineData("0 0 0 29 2 *", "2026-03-01 00:00:00", "2028-02-29 00:00:00")]
    [InlineData("0 0 0 13 * 5", "2026-03-01 00:00:00", "2026-03-06 00:00:00")]
    [InlineData("0 10,20-22/2 * * * *", "2026-03-01 10:10:00", "2026-03-01 10:20:00")]
    [InlineData("0 10,20-22/2 * * * *", "2026-03-01 10:20:00", "2026-03-01 10:22:00")]
    [InlineData("0 5/20 * * * *", "2026-03-01 10:26:00", "2026-03-01 10:45:00")]
    [InlineData("*/5 * * * *", "2026-12-31 23:59:00", "2027-01-01 00:00:00")]
    public void The_next_time_follows_the_schedule(string schedule, string after, string next)
        => Assert.Equal(Utc(next), TimerSchedule.Parse(schedule).Next(Utc(after)));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * * *")]
    [InlineData("* * 24 * * *")]
    [InlineData("* * * 0 * *")]
    [InlineData("* * * * 13 *")]
    [InlineData("* * * * FOO *")]
    [InlineData("5-1 * * * * *")]
    [InlineData("*/0 * * * * *")]
    [InlineData("1/2/3 * * * * *")]
    [InlineData("-1 * * * * *")]
    public void What_is_no_schedule_is_refused(string schedule) => Assert.Throws<FormatException>(() => TimerSchedule.Parse(schedule));

    [Fact]
    public void A_schedule_without_a_time_says_so()
        => Assert.Throws<InvalidOperationException>(() => TimerSchedule.Parse("0 0 0 30 2 *").Next(Utc("2026-01-01 00:00:00")));

    private static DateTime Utc(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
