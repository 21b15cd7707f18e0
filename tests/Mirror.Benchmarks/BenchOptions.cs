using System.Globalization;

namespace Mirror.Benchmarks;

/// <summary>The options of a run, from the command line.</summary>
internal sealed class BenchOptions
{
    private static readonly string[] Numbers = ["--seconds", "--rounds", "--starts", "--minutes", "--parallel"];
    private readonly Dictionary<string, double> _numbers = [];

    private BenchOptions()
    {
    }

    /// <summary>Whether every bench measures for about a second only, to show that it works.</summary>
    public bool IsBrief { get; private set; }

    /// <summary>The load, or a word of it, that alone is measured; <see langword="null"/> for all.</summary>
    public string? Only { get; private set; }

    /// <summary>Reads the words of a command line.</summary>
    /// <param name="words">The words.</param>
    /// <param name="names">Words that are no options: the names of benches.</param>
    /// <param name="error">What is wrong, in a sentence.</param>
    /// <returns><see langword="null"/> when something is wrong.</returns>
    public static BenchOptions? Parse(string[] words, List<string> names, out string error)
    {
        var options = new BenchOptions();
        error = "";
        for (int i = 0; i < words.Length; i++)
        {
            string word = words[i];
            if (word == "--brief")
            {
                options.IsBrief = true;
                continue;
            }
            if (!word.StartsWith('-'))
            {
                names.Add(word);
                continue;
            }
            string? value = i + 1 < words.Length ? words[++i] : null;
            if (word == "--only" && value is not null)
            {
                options.Only = value;
                continue;
            }
            if (!Numbers.Contains(word) || !double.TryParse(value, CultureInfo.InvariantCulture, out double number) || number < 0)
            {
                error = Numbers.Contains(word) || word == "--only" ? $"{word} needs a value." : $"There is no option {word}.";
                return null;
            }
            options._numbers[word] = number;
        }
        return options;
    }

    /// <summary>Returns the number that was given, or else the usual one, or the one of a brief run.</summary>
    public double Number(string name, double usual, double brief) => _numbers.TryGetValue(name, out double number) ? number : IsBrief ? brief : usual;

    /// <inheritdoc cref="Number(string, double, double)"/>
    public int Number(string name, int usual, int brief) => (int)Number(name, (double)usual, brief);

    /// <summary>Whether a load is to be measured.</summary>
    public bool Selects(string load) => Only is null || load == Only || $" {load} ".Contains($" {Only} ", StringComparison.Ordinal);
}
