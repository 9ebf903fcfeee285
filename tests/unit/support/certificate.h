/* One that signed itself, made once with openssl, whose end is beyond 2049. Nobody has its key any more. */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

#define CERTIFICATE                                                                                                    \
    "-----BEGIN CERTIFICATE-----\n"                                                                                    \
    "MIIBbzCCARWgAwIBAgIUE61TkX0SRFxXV93R/0zRlD8elh0wCgYIKoZIzj0EAwIw\n"                                               \
    "DDEKMAgGA1UEAwwBYjAgFw0yNjExMjQxMTIwMThaGA8yMDgxMDgyNzExMjAxOFow\n"                                               \
    "DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMupanCE9YvX\n"                                               \
    "EAElED7DVW2IbPW6bHT7A9QwDSCfvIYTAGhD5OukV03+oNoDi7l1TeCfufe+/oiM\n"                                               \
    "YRGXlVqZeFujUzBRMB0GA1UdDgQWBBQqBHTOPBSh6PTHnwlQV5CggLfOkjAfBgNV\n"                                               \
    "HSMEGDAWgBQqBHTOPBSh6PTHnwlQV5CggLfOkjAPBgNVHRMBAf8EBTADAQH/MAoG\n"                                               \
    "CCqGSM49BAMCA0gAMEUCIHH4fCk7AzTf6vSoeywCjsshu/H4aYB9ya5VNievzn1N\n"                                               \
    "AiEAx6y4pSQA9LFCNFAsvRo5XW9xahRv7GwGR7jOiWXNk6g=\n"                                                               \
    "-----END CERTIFICATE-----\n"
#define CERTIFICATE_END_MS 3523519218000

#endif
