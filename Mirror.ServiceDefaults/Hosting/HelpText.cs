using System.Text;
using Mirror.ServiceDefaults.Configuration;

namespace Mirror.ServiceDefaults.Hosting;

/// <summary>The answer to <c>--help</c>.</summary>
internal static class HelpText
{
    private const string Head = """
        Mirror: live video from SRT to Low-Latency HLS.

        Usage: mirror [--key value | --key=value]...

          --config FILE          read a further configuration file
          --print-config         print the configuration in force, and stop
          --print-certificate    make the development certificate if needed, print its fingerprints, and stop
          --version              print the version, and stop
          --help                 print this, and stop

        Sources, the later one wins: configs/mirror.yaml; the file named by MIRROR_CONFIG; --config;
        variables such as MIRROR_INGESTION_SRT_PORT for ingestion.srt.port; the command line.

        Keys, with their defaults:
        """;

    public static string Write(IReadOnlyList<SettingReferenceEntry> entries)
    {
        var text = new StringBuilder(Head).Append("\n\n");
        int width = entries.Max(entry => entry.Key.Length + entry.Value.Length) + 4;
        foreach (SettingReferenceEntry entry in entries)
        {
            text.Append("  --").Append($"{entry.Key} {entry.Value}".PadRight(width)).Append(entry.Comment).Append('\n');
        }
        return text.ToString();
    }
}
