using System.Globalization;

namespace Mirror.Functions.Runner;

/// <summary>A schedule in NCRONTAB: second, minute, hour, day, month and day of the week, in UTC. Fields hold <c>*</c>, numbers, names, ranges, lists, and steps.</summary>
internal sealed class TimerSchedule
{
    private const int LongestSearchInYears = 8;           // 29 February comes back after eight years at most
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly bool[] _seconds;
    private readonly bool[] _minutes;
    private readonly bool[] _hours;
    private readonly bool[] _days;
    private readonly bool[] _months;
    private readonly bool[] _weekdays;
    private readonly bool _isAnyDay;
    private readonly bool _isAnyWeekday;

    private TimerSchedule(string[] fields)
    {
        _seconds = Parse(fields[0], 0, 59, []);
        _minutes = Parse(fields[1], 0, 59, []);
        _hours = Parse(fields[2], 0, 23, []);
        _days = Parse(fields[3], 1, 31, []);
        _months = Parse(fields[4], 1, 12, Months);
        _weekdays = Parse(fields[5].Replace('7', '0'), 0, 6, Days);
        (_isAnyDay, _isAnyWeekday) = (fields[3] == "*", fields[5] == "*");
    }

    /// <exception cref="FormatException">It is not a schedule.</exception>
    public static TimerSchedule Parse(string text)
    {
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length switch
        {
            6 => new TimerSchedule(fields),
            5 => new TimerSchedule(["0", .. fields]),        // without seconds, as cron has it
            _ => throw new FormatException($"'{text}' is no schedule: it has six fields."),
        };
    }

    /// <summary>The first time after another.</summary>
    /// <exception cref="InvalidOperationException">There is none, such as on 30 February.</exception>
    public DateTime Next(DateTime after)
    {
        DateTime time = new DateTime(after.Ticks - after.Ticks % TimeSpan.TicksPerSecond, DateTimeKind.Utc).AddSeconds(1);
        int lastYear = time.Year + LongestSearchInYears;
        while (time.Year <= lastYear)
        {
            if (!_months[time.Month]) { time = new DateTime(time.Year, time.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1); }
            else if (!IsDay(time)) { time = time.Date.AddDays(1); }
            else if (!_hours[time.Hour]) { time = time.Date.AddHours(time.Hour + 1); }
            else if (!_minutes[time.Minute]) { time = time.AddSeconds(60 - time.Second); }
            else if (!_seconds[time.Second]) { time = time.AddSeconds(1); }
            else { return time; }
        }
        throw new InvalidOperationException("The schedule has no time.");
    }

    // As cron has it: a day that is given both ways is met either way.
    private bool IsDay(DateTime time) => _isAnyDay || _isAnyWeekday
        ? _days[time.Day] && _weekdays[(int)time.DayOfWeek]
        : _days[time.Day] || _weekdays[(int)time.DayOfWeek];

    private static bool[] Parse(string field, int lowest, int highest, string[] names)
    {
        var chosen = new bool[highest + 1];
        foreach (string item in field.Split(','))
        {
            string[] parts = item.Split('/');
            int step = parts.Length == 1 ? 1 : Number(parts[1], field, 1, highest + 1, []);
            string range = parts[0];
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            int first = range == "*" ? lowest : Number(dash < 0 ? range : range[..dash], field, lowest, highest, names);
            int last = range == "*" || (dash < 0 && parts.Length > 1) ? highest : dash < 0 ? first : Number(range[(dash + 1)..], field, lowest, highest, names);
            if (last < first || parts.Length > 2) { throw new FormatException($"'{field}' is no field of a schedule."); }
            for (int value = first; value <= last; value += step) { chosen[value] = true; }
        }
        return chosen;
    }

    private static int Number(string text, string field, int lowest, int highest, string[] names)
    {
        int name = Array.FindIndex(names, known => known.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (name >= 0) { return name + lowest; }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= lowest && number <= highest
            ? number
            : throw new FormatException($"'{field}' is no field of a schedule: '{text}' is not from {lowest} to {highest}.");
    }
}
