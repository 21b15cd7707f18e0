using Mirror.ServiceDefaults.Configuration;

namespace Mirror.ServiceDefaults.Tests.Configuration;

public sealed class SettingTextTests
{
    private static readonly Dictionary<string, TimeSpan?> Durations = new()
    {
        ["250us"] = TimeSpan.FromMicroseconds(250),
        ["120ms"] = TimeSpan.FromMilliseconds(120),
        ["5s"] = TimeSpan.FromSeconds(5),
        ["1.5s"] = TimeSpan.FromSeconds(1.5),
        ["2m"] = TimeSpan.FromMinutes(2),
        ["2h"] = TimeSpan.FromHours(2),
        ["1d"] = TimeSpan.FromDays(1),
        ["0"] = TimeSpan.Zero,
        ["0s"] = TimeSpan.Zero,
        ["5"] = null,
        ["s"] = null,
        [""] = null,
        ["-5s"] = null,
        ["5 minutes"] = null,
        ["1e400d"] = null,
        ["99999999999999d"] = null,
        ["NaNs"] = null,
    };

    public static TheoryData<string> DurationTexts => new(Durations.Keys);

    [Theory, MemberData(nameof(DurationTexts))]
    public void A_duration_has_a_unit(string text) => Assert.Equal(Durations[text], (TimeSpan?)SettingText.Parse(typeof(TimeSpan), text));

    [Theory]
    [InlineData("0s"), InlineData("250us"), InlineData("120ms"), InlineData("1500ms"), InlineData("5s"), InlineData("2m"), InlineData("90s"), InlineData("1h"), InlineData("3d")]
    public void A_duration_is_written_in_the_largest_unit_that_states_it_exactly(string text)
        => Assert.Equal(text, SettingText.Format(SettingText.Parse(typeof(TimeSpan), text)));
}
